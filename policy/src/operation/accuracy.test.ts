import { describe, expect, test } from 'vitest';
import { APIS, bare, type TrueRequest, trafficOf } from '../../testing/api-traffic.ts';
import { OperationLearner } from './operation-learner.ts';

const REQUESTS = 6_000;
const SEEDS = [1, 2, 3];

interface Accuracy {
  /** Requests whose predicted template is the true one. */
  readonly requests: number;
  /** True operations that map to exactly one predicted one, which nothing else maps to. */
  readonly recall: number;
}

/** Learns from the first half, and is asked about the second. */
function accuracyOf(traffic: readonly TrueRequest[]): Accuracy {
  const learner = new OperationLearner();
  for (const request of traffic.slice(0, traffic.length / 2)) learner.observe(request);
  const predicted = new Map<string, Set<string>>();
  const truths = new Map<string, Set<string>>();
  let right = 0;
  const asked = traffic.slice(traffic.length / 2);
  for (const { method, path, template } of asked) {
    const found = learner.resolve(method, path);
    const guess = found === null ? path : bare(found.template);
    if (guess === template) right++;
    add(predicted, `${method} ${template}`, `${method} ${guess}`);
    add(truths, `${method} ${guess}`, `${method} ${template}`);
  }
  const exact = [...predicted.values()].filter((guesses) => {
    const [guess = ''] = guesses;
    return guesses.size === 1 && truths.get(guess)?.size === 1;
  });
  return { requests: right / asked.length, recall: exact.length / predicted.size };
}

function add(to: Map<string, Set<string>>, key: string, value: string): void {
  const values = to.get(key);
  if (values === undefined) to.set(key, new Set([value]));
  else values.add(value);
}

/** What every seed reaches. The true figures are a little higher: these are for noticing that something broke. */
const FLOORS: Readonly<Record<string, { readonly shaped: Accuracy; readonly shapeless: Accuracy }>> = {
  kubernetes: { shaped: { requests: 0.8, recall: 0.6 }, shapeless: { requests: 0.5, recall: 0.3 } },
  shop: { shaped: { requests: 0.95, recall: 0.85 }, shapeless: { requests: 0.8, recall: 0.75 } },
  petstore: { shaped: { requests: 0.9, recall: 0.85 }, shapeless: { requests: 0.85, recall: 0.7 } },
  vampi: { shaped: { requests: 0.9, recall: 0.85 }, shapeless: { requests: 0.85, recall: 0.6 } },
  crapi: { shaped: { requests: 0.99, recall: 0.95 }, shapeless: { requests: 0.99, recall: 0.9 } },
};

describe.each(['shaped', 'shapeless'] as const)('traffic of whole APIs, %s', (kind) => {
  test.each(APIS.map((api) => [api.name, api] as const))('%s', (name, api) => {
    for (const seed of SEEDS) {
      const accuracy = accuracyOf(trafficOf(api, { count: REQUESTS, seed, shapes: kind === 'shaped' }));
      const floor = FLOORS[name]?.[kind];
      expect(accuracy.requests).toBeGreaterThanOrEqual(floor?.requests ?? 1);
      expect(accuracy.recall).toBeGreaterThanOrEqual(floor?.recall ?? 1);
    }
  });
});
