import { Buffer } from 'node:buffer';
import { IdCollector, type LearntPlaces, NO_SINK } from '../../agent/src/inspect/id-collector.ts';
import { JsonScanner } from '../../agent/src/inspect/json-scanner.ts';
import { ROOT } from '../../agent/src/inspect/place-table.ts';
import { PositionLearner } from '../../agent/src/inspect/position-learner.ts';
import { Vocabulary } from '../../agent/src/inspect/vocabulary.ts';

/**
 * How fast ids are read out of JSON responses, beside what `JSON.parse` alone takes for the same bytes; the second rate is
 * with places being learnt about. Prints the best of several rounds, in MB per second of CPU time. Read the ratios: the
 * rates depend on the machine and on what else it does, for which a loop that adds up the bytes stands. No document has more
 * ids than are read of one: the rest of it would cost nothing.
 */
const ROUNDS = 5;
const ROUND_MS = 200;
/** What a read of a socket gives at most. */
const READ = 65_536;

const WORDS = 'the parcel was left at the door of the neighbour who is never at home before nine'.split(' ');

/** Small and repeatable: a linear congruential generator. */
let state = 42;
function random(below: number): number {
  state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
  return Math.floor((state / 2 ** 32) * below);
}
const hex = (length: number) => Array.from({ length }, () => random(16).toString(16)).join('');
const uuid = () => [8, 4, 4, 4, 12].map(hex).join('-');
const text = (words: number) => Array.from({ length: words }, () => WORDS[random(WORDS.length)]).join(' ');

const order = () => ({
  id: random(1_000_000),
  customerId: random(100_000),
  reference: uuid(),
  status: ['open', 'paid', 'shipped'][random(3)],
  total: random(100_000) / 100,
  currency: 'EUR',
  createdAt: `2026-11-${10 + random(20)}T17:12:${10 + random(50)}Z`,
  items: Array.from({ length: 3 }, () => ({ productId: random(5000), quantity: 1 + random(5), price: 9.99 })),
  shipping: { name: 'A. Person', street: text(3), city: 'Town', postalCode: '12345', gift: false },
});

const DOCUMENTS: Readonly<Record<string, unknown>> = {
  'list of orders': { items: Array.from({ length: 160 }, order), next: null },
  'flat list': Array.from({ length: 990 }, () => ({ id: random(1_000_000), name: text(3), active: true })),
  'long texts': { posts: Array.from({ length: 100 }, () => ({ id: random(9999), body: text(300) })) },
  'escaped texts': {
    posts: Array.from({ length: 100 }, () => ({ id: random(9999), body: text(60).replaceAll(' ', '"\n') })),
  },
  numbers: {
    series: Array.from({ length: 100 }, () => ({
      id: random(99),
      points: Array.from({ length: 200 }, () => random(1e6) / 1000),
    })),
  },
  'deeply nested': Array.from({ length: 300 }, () => ({
    a: { b: { c: { d: { e: { orderId: uuid(), tags: ['x', 'y'] } } } } },
  })),
};

let sum = 0;
function sumOf(bytes: Uint8Array): number {
  let all = 0;
  for (let at = 0; at < bytes.length; at++) all += bytes[at] as number;
  return all;
}

interface Rates {
  readonly scanner: number;
  readonly learning: number;
  readonly parse: number;
  readonly bytes: number;
}

const cpuMs = () => process.cpuUsage().user / 1000;

function measure(document: unknown, indent: number): Rates & { readonly ids: number; readonly kib: number } {
  const bytes = Buffer.from(JSON.stringify(document, null, indent));
  const vocabulary = new Vocabulary();
  const collector = new IdCollector(vocabulary, { seed1: 1, seed2: 2 });
  const scanner = new JsonScanner(vocabulary, collector);
  const learner = new PositionLearner();
  const scan = (learnt: LearntPlaces | null) => {
    collector.begin(NO_SINK, learnt);
    scanner.begin(ROOT.body, 2);
    for (let at = 0; at < bytes.length; at += READ)
      scanner.feed(bytes, at, Math.min(bytes.length, at + READ));
    scanner.end();
    if (scanner.status !== 'closed') throw new Error(`the scanner says ${scanner.status}`);
  };
  const rate = (step: () => void) => {
    for (let n = 0; n < 20; n++) step();
    const start = cpuMs();
    let steps = 0;
    while (cpuMs() - start < ROUND_MS) {
      step();
      steps++;
    }
    return (bytes.length * steps) / (cpuMs() - start) / 1000;
  };
  const best = { scanner: 0, learning: 0, parse: 0, bytes: 0 };
  for (let round = 0; round < ROUNDS; round++) {
    best.bytes = Math.max(
      best.bytes,
      rate(() => {
        sum = (sum + sumOf(bytes)) | 0;
      }),
    );
    // In turns, so that all have the same machine.
    best.scanner = Math.max(
      best.scanner,
      rate(() => scan(null)),
    );
    best.learning = Math.max(
      best.learning,
      rate(() => scan(learner)),
    );
    best.parse = Math.max(
      best.parse,
      rate(() => JSON.parse(bytes.toString('utf8'))),
    );
  }
  return { ...best, ids: collector.count, kib: Math.round(bytes.length / 1024) };
}

console.log(`node ${process.version}, best of ${ROUNDS} rounds of ${ROUND_MS} ms`);
for (const [name, document] of Object.entries(DOCUMENTS))
  for (const indent of [0, 2]) {
    const { scanner, learning, parse, bytes, ids, kib } = measure(document, indent);
    const label = `${name}${indent > 0 ? ', indented' : ''} (${kib} KiB, ${ids} ids)`;
    console.log(
      `${label.padEnd(46)} ${scanner.toFixed(0).padStart(5)} ${learning.toFixed(0).padStart(5)} MB/s, JSON.parse ${parse.toFixed(0).padStart(4)} (${(scanner / parse).toFixed(2)} ×), adding up ${bytes.toFixed(0).padStart(4)}`,
    );
  }
