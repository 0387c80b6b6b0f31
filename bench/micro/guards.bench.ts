import { Buffer } from 'node:buffer';
import { Judge } from '../../agent/src/decide/judge.ts';
import type { Exchange } from '../../agent/src/exchange/exchange.ts';
import { Http1Relay } from '../../agent/src/exchange/http1-relay.ts';
import { NO_WATCHER, type Watcher } from '../../agent/src/exchange/watch.ts';
import type { RelayContext, Wire } from '../../agent/src/exchange/wire.ts';
import { systemClock } from '../../agent/src/kernel/clock.ts';
import { dataplaneParts } from './dataplane-parts.ts';

/**
 * What guards cost a request: the same GETs, of 64 ids in turn, through an HTTP/1.1 relay that nobody watches, with the
 * catalog of operations, with all guards, where the answer is of a type that nobody reads, and where its JSON is. Prints the microseconds of CPU per
 * exchange, without sockets and system calls; the best of several rounds. Read the differences.
 */
const ROUNDS = 8;
const ROUND_MS = 400;

const ANSWER = Buffer.from(
  'HTTP/1.1 200 OK\r\nServer: nginx\r\nDate: Sat, 28 Nov 2026 18:00:00 GMT\r\nContent-Type: application/json\r\n' +
    'Content-Length: 59\r\nConnection: keep-alive\r\n\r\n' +
    '{"id":7,"name":"an item","price":"12.50","currency":"EUR"}\n',
);
/** The same answer as what nobody looks into. */
const PLAIN = Buffer.from(ANSWER.toString().replace('application/json', 'text/plain; v=1'));
const REQUESTS = Array.from({ length: 64 }, (_, id) =>
  Buffer.from(`GET /v1/items/${id} HTTP/1.1\r\nHost: 10.0.0.1\r\n\r\n`),
);

const { settings, caller, world, recorder, guards, operations } = dataplaneParts('10.0.0.1', 80);
const judge = new Judge(world, { caller: () => caller, ip: '10.0.0.1', port: 80 });
const traffic = recorder.group(caller, judge.destination);

const WIRE: Wire = {
  toUpstream() {},
  toCaller() {},
  lastToCaller() {},
  finishUpstream() {},
  finishCaller() {},
  dropUpstream() {},
  abort() {},
  holdCaller() {},
  resumeCaller() {},
};

function relay(watcher: Watcher, catalog: boolean): Http1Relay {
  const { maxHeadBytes, maxHeldBytes } = settings;
  const context: RelayContext = {
    wire: WIRE,
    limits: { maxHeadBytes, maxHeldBytes, maxDiscardBytes: 0 },
    scope: judge.scope,
    watcher,
    declaredOpaque: false,
    traced: false,
    observing: false,
    become() {},
    finish(exchange: Exchange, now: number) {
      if (exchange.decision.verdict !== 'allow') throw new Error(JSON.stringify(exchange.decision));
      const by = { now, caller, destination: judge.destination, direction: 'outbound', traffic } as const;
      recorder.record(exchange, by);
      if (catalog) operations.ended(exchange, by);
    },
    newId: () => '',
  };
  return new Http1Relay(context);
}

/** Microseconds of CPU per exchange. */
function round({ relay: subject, answer }: Subject): number {
  const began = process.cpuUsage();
  const until = performance.now() + ROUND_MS;
  let exchanges = 0;
  while (performance.now() < until) {
    const now = systemClock.monotonic();
    for (const request of REQUESTS) {
      subject.fromCaller(request, 0, request.length, now);
      subject.fromUpstream(answer, 0, answer.length, now);
    }
    exchanges += REQUESTS.length;
  }
  const { user, system } = process.cpuUsage(began);
  return (user + system) / exchanges;
}

interface Subject {
  readonly name: string;
  readonly relay: Http1Relay;
  readonly answer: Buffer;
}

/** One alone, for a profile, by a part of its name: `node --cpu-prof guards.bench.ts bodies`. */
const [, , only = ''] = process.argv;
const SUBJECTS: readonly Subject[] = [
  { name: 'nobody watches', relay: relay(NO_WATCHER, false), answer: ANSWER },
  { name: 'catalog', relay: relay(NO_WATCHER, true), answer: ANSWER },
  { name: 'guards, no bodies', relay: relay(guards.watcher(judge), true), answer: PLAIN },
  { name: 'guards, all', relay: relay(guards.watcher(judge), true), answer: ANSWER },
].filter(({ name }) => name.includes(only));
const rounds = SUBJECTS.map((): number[] => []);
for (let at = 0; at < ROUNDS; at++)
  for (const [index, subject] of SUBJECTS.entries()) rounds[index]?.push(round(subject));
for (const [index, { name }] of SUBJECTS.entries()) {
  const best = Math.min(...(rounds[index] ?? []));
  process.stdout.write(`${name.padEnd(18)}${best.toFixed(2)} µs\n`);
}
process.exit();
