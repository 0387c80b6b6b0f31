-- Arguments after `--`: method, bytes of body, and `keep-alive` or `close`. Ends with one line of JSON for wrk.ts.
function init(args)
  wrk.method = args[1]
  local bytes = tonumber(args[2])
  if bytes > 0 then wrk.body = string.rep("x", bytes) end
  if args[3] == "close" then wrk.headers["Connection"] = "close" end
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    '\n{"requests":%d,"microseconds":%d,"p50":%d,"p99":%d,"refused":%d,"broken":%d}\n',
    summary.requests, summary.duration, latency:percentile(50), latency:percentile(99), errors.status,
    errors.connect + errors.read + errors.write + errors.timeout))
end
