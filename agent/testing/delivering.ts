import { Delivery } from '../src/sinks/delivery.ts';
import { httpPost } from '../src/sinks/http-post.ts';
import { SinkCounts } from '../src/sinks/sink-counts.ts';

/**
 * An agent as far as its webhook goes: `delivering.ts DIRECTORY URL NAME` has events NAME-0, NAME-1 … until SIGTERM, leaves what
 * it can not deliver, and says how many there were.
 */
const [, , directory = '', url = '', name = ''] = process.argv;
const counts = new SinkCounts('webhook');
const delivery = new Delivery({
  directory,
  maxBytes: 8 << 20,
  batch: { events: 20, bytes: 64 << 10 },
  lingerMs: 5,
  maxRetryDelayMs: 20,
  adoptMs: 20,
  post: httpPost({
    url,
    tokenFile: '',
    caFile: '',
    body: (lines) => `[${lines.join(',')}]`,
    refusedIn: () => 0,
    gzip: false,
    timeoutMs: 60_000,
    userAgent: 'test',
    now: Date.now,
  }),
  counts,
  log: { info: () => {}, warn: () => {} },
  random: () => 0,
});

let events = 0;
const writing = setInterval(() => delivery.append(JSON.stringify(`${name}-${events++}`)), 2);
process.once('SIGTERM', async () => {
  clearInterval(writing);
  await delivery.close(0);
  process.stdout.write(`${events} ${counts.dropped.disk + counts.dropped.queue_full}`);
});
