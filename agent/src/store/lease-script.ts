import { createHash } from 'node:crypto';
import {
  type LeaseAsk,
  type LeaseGrant,
  MAX_DEBT_US,
  PERIOD_US,
  SETTLING_US,
  UNSEEN_US,
} from '@eastwall/policy';

/**
 * `settle` of the policy workspace, step by step, for many buckets at once and on the clock of Redis, so that the nodes'
 * clocks don't matter. A bucket is one string of eight numbers, and is forgotten once it is full and nobody asks.
 * Lua's numbers are doubles: microseconds since the epoch stay exact until the year 2255.
 */
export const LEASE_SCRIPT = `
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local period = math.floor(now / ${PERIOD_US})
local answers = {}
for i, key in ipairs(KEYS) do
  local at = (i - 1) * 13
  local tokens, window, burst = tonumber(ARGV[at + 1]), tonumber(ARGV[at + 2]), tonumber(ARGV[at + 3])
  local want, least = tonumber(ARGV[at + 4]), tonumber(ARGV[at + 5])
  local owed, spent = tonumber(ARGV[at + 6]), tonumber(ARGV[at + 7])
  local late, away, drained = tonumber(ARGV[at + 8]), tonumber(ARGV[at + 9]), tonumber(ARGV[at + 10])
  local come, asked, known = tonumber(ARGV[at + 11]), tonumber(ARGV[at + 12]), tonumber(ARGV[at + 13])
  local time_for = function(count) return math.ceil(count * window / tokens) end
  local debit_for = function(count) return math.floor(count * window / tokens) end

  -- A key of another type is no bucket of ours, and is written over. It must not fail the others of this call.
  local found, kept = redis.pcall('GET', key), {}
  if type(found) == 'string' then
    for number in string.gmatch(found, '%d+') do kept[#kept + 1] = tonumber(number) end
  end
  local tat, was, arrived, nodes = kept[1] or 0, kept[2] or 0, kept[3] or 0, kept[4] or 0
  local last_arrived, last_nodes, since, seen = kept[5] or 0, kept[6] or 0, kept[7] or 0, kept[8] or 0
  if period ~= was then
    if period == was + 1 then last_arrived, last_nodes = arrived, nodes else last_arrived, last_nodes = 0, 0 end
    arrived, nodes = 0, 0
  end
  arrived = arrived + come
  if asked ~= period then nodes = nodes + 1 end

  if now - seen > ${UNSEEN_US} then since = now end
  seen = now

  local full = now + time_for(burst)
  tat = math.max(now, tat, math.min(known, full))
  if away > now - since then
    tat = math.max(tat, math.min(full, now + drained))
  else
    if spent > 0 then tat = math.max(tat, math.min(full, tat + debit_for(spent))) end
    owed = owed + late
  end
  if owed > 0 then tat = math.max(tat, math.min(now + ${MAX_DEBT_US}, tat + debit_for(owed))) end
  if owed < 0 then tat = math.max(now, tat - debit_for(-owed)) end
  local room = math.floor(math.max(0, full - tat) * tokens / window)
  local granted = 0
  if room >= least then granted = math.min(want, room) end
  tat = tat + debit_for(granted)
  local retry = math.max(0, tat + time_for(least) - full)

  local state = string.format('%.0f %.0f %.0f %.0f %.0f %.0f %.0f %.0f',
    tat, period, arrived, nodes, last_arrived, last_nodes, since, seen)
  redis.call('SET', key, state, 'PX', math.ceil((tat - now) / 1000) + ${(10 * PERIOD_US) / 1_000})
  local base = #answers
  answers[base + 1], answers[base + 2], answers[base + 3] = granted, math.ceil(retry / 1000), room - granted
  answers[base + 4], answers[base + 5] = math.max(nodes, last_nodes), last_arrived
  answers[base + 6], answers[base + 7] = period, tat
  answers[base + 8] = math.ceil(math.max(0, since + ${SETTLING_US} - now) / 1000)
end
return answers
`;

export const LEASE_SCRIPT_SHA = createHash('sha1').update(LEASE_SCRIPT).digest('hex');

/** Numbers per bucket in an answer. */
const ANSWER_NUMBERS = 8;

export function scriptArguments(asks: readonly LeaseAsk[]): string[] {
  return asks.flatMap(({ rate, want, least, owed, local, late, away, drained, arrived, period, tat }) =>
    [
      ...[rate.tokens, rate.windowUs, rate.burst, want, least, owed, local],
      ...[late, away, drained, arrived, period, tat],
    ].map(String),
  );
}

/** Null when it is no answer to these asks: whoever answers so is no store of ours. */
export function readAnswer(answer: unknown, asks: readonly LeaseAsk[]): LeaseGrant[] | null {
  if (!Array.isArray(answer) || answer.length !== asks.length * ANSWER_NUMBERS) return null;
  if (!answer.every((number) => Number.isSafeInteger(number) && number >= 0)) return null;
  const numbers = answer as readonly number[];
  return asks.map(({ bucket }, i) => {
    const [granted = 0, retryMs = 0, room = 0, nodes = 0, total = 0, period = 0, tat = 0, settlingMs = 0] =
      numbers.slice(i * ANSWER_NUMBERS);
    return { bucket, granted, retryMs, room, nodes, total, period, tat, settlingMs };
  });
}
