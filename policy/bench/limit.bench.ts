import { LeaseBook } from '../src/index.ts';
import { limitOf, SimulatedStore } from '../testing/lease-simulation.ts';
import { bytesPerDecision, nsPerDecision, printHeader, printRow } from './measure.ts';

// `node policy/bench/limit.bench.ts`: nanoseconds to count one request in, by how many buckets there are, and whether
// tokens are leased (with a tick every thousandth request) or counted in this process alone.

const HEADER = ['buckets', 'leased ns', 'leased B', 'alone ns', 'alone B'];
const TICK_EVERY = 1_000;

const PASSED = { verdict: 'allow' };
const REFUSED = { verdict: 'deny' };

printHeader('one limit', HEADER);
for (const buckets of [1, 100, 20_000]) {
  const subjects = Array.from({ length: buckets }, (_, i) => `shop/Deployment/workload-${i}`);
  const leased = counter('Workload', buckets);
  const alone = counter('Pod', buckets);
  printRow(HEADER, [
    buckets,
    nsPerDecision(subjects, leased),
    bytesPerDecision(subjects, leased),
    nsPerDecision(subjects, alone),
    bytesPerDecision(subjects, alone),
  ]);
}

function counter(key: 'Workload' | 'Pod', maxBuckets: number): (subject: string) => { verdict: string } {
  const limit = limitOf('1000/s', { key });
  const book = new LeaseBook({ maxBuckets, maxAsks: 512, random: () => 0.5 });
  const store = new SimulatedStore();
  let now = 0;
  let count = 0;
  return (subject) => {
    now += 0.03;
    if (count++ % TICK_EVERY === 0) book.grant(store.answer(book.collect(now), 1e15 + now * 1_000), now);
    return book.take(book.bucket(limit, subject, '', now), now) === null ? PASSED : REFUSED;
  };
}
