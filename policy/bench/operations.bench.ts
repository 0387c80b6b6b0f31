import { OperationLearner } from '../src/index.ts';
import { APIS, trafficOf } from '../testing/api-traffic.ts';
import { bytesPerDecision, microsecondsFor, nsPerDecision, printHeader, printRow } from './measure.ts';

// `node policy/bench/operations.bench.ts`: what it costs to know which operation a request is, and to learn.

const HEADER = ['operations', 'resolve ns', 'B/resolve', 'observe µs', 'hostile observe µs'];
const LEARNT = 10_000;
const ASKED = 512;
const HOSTILE = 2_000;

for (const api of APIS) {
  const traffic = trafficOf(api, { count: LEARNT + ASKED, seed: 7, shapes: true });
  const learner = new OperationLearner();
  for (const request of traffic.slice(0, LEARNT)) learner.observe(request);
  const asked = traffic.slice(LEARNT);
  const resolve = ({ method, path }: (typeof asked)[number]) => learner.resolve(method, path);
  printHeader(api.name, HEADER);
  printRow(HEADER, [
    learner.counts.operations,
    nsPerDecision(asked, resolve),
    bytesPerDecision(asked, resolve),
    microsecondsFor(ASKED, () => () => {
      for (const request of asked) learner.observe(request);
    }),
    microsecondsFor(HOSTILE, () => {
      const flooded = new OperationLearner();
      return () => {
        for (let i = 0; i < HOSTILE; i++) flooded.observe(strange(i));
      };
    }),
  ]);
}

/** Every one a new path with a new shape, three words deep. */
function strange(i: number) {
  const word = i.toString(26).replaceAll(/\d/g, (digit) => 'qrstuvwxyz'.charAt(Number(digit)));
  return { method: 'GET', path: `/${word}/x${word}/y`, status: 200, shape: i + 1, now: i };
}
