-- Arguments after `--`: method, bytes of body, `keep-alive` or `close`, and how long a connection rests after each answer, on
-- average, in ms. Ends with one line of JSON for wrk.ts.
function init(args)
  wrk.method = args[1]
  local bytes = tonumber(args[2])
  if bytes > 0 then wrk.body = string.rep("x", bytes) end
  if args[3] == "close" then wrk.headers["Connection"] = "close" end
  if args[4] then
    -- The same for every subject. wrk looks for a global of this name, and takes the time from when it writes.
    math.randomseed(1)
    local longest = 2 * tonumber(args[4]) - 1
    function delay() return math.random(1, longest) end
  end
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    '\n{"requests":%d,"microseconds":%d,"p50":%d,"p99":%d,"refused":%d,"broken":%d}\n',
    summary.requests, summary.duration, latency:percentile(50), latency:percentile(99), errors.status,
    errors.connect + errors.read + errors.write + errors.timeout))
end
