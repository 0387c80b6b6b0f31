import fc from 'fast-check';
import { expect, test } from 'vitest';
import { runs } from '../../testing/runs.ts';
import { canonicalPath } from '../path/canonical.ts';
import { type Observation, OperationLearner } from './operation-learner.ts';

const LIMITS = { operations: 40, literals: 12, alike: 3, alikeShapeless: 6, segments: 6, perPath: 4 };

/** Few words, so that paths meet; many ids; and now and then anything. */
const segment = fc.oneof(
  { weight: 5, arbitrary: fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f', 'me', 'orders', '') },
  { weight: 3, arbitrary: fc.integer({ min: 0, max: 99 }).map(String) },
  { weight: 2, arbitrary: fc.integer({ min: 0, max: 20 }).map((n) => `w-${n}00x`) },
  {
    weight: 1,
    arbitrary: fc.string({ maxLength: 80 }).map((text) => encodeURIComponent(text.toWellFormed())),
  },
);
const path = fc
  .array(segment, { minLength: 1, maxLength: 7 })
  .map((segments) => canonicalPath(`/${segments.join('/')}`))
  .filter((canonical) => canonical !== null);
const observation: fc.Arbitrary<Observation> = fc.record({
  method: fc.constantFrom('GET', 'POST', 'DELETE', 'BREW', 'X'),
  path,
  status: fc.constantFrom(200, 204, 302, 404, 403, 500),
  shape: fc.integer({ min: 0, max: 4 }),
  now: fc.nat(),
  name: fc.constantFrom('', '', '', 'a', 'b'),
  fixed: fc.constantFrom(false, false, false, true),
});
const observations = fc.array(observation, { maxLength: 150 });

test('what was observed is found, operations are consistent, and bounds hold', () => {
  fc.assert(
    fc.property(observations, (all) => {
      const learner = new OperationLearner(LIMITS);
      for (const one of all) {
        const operation = learner.observe(one);
        if (operation === null) continue;
        expect(learner.resolve(one.method, one.path, one.name)).toBe(operation);
        expect(operation).toMatchObject({ evicted: false, mergedInto: null, method: one.method });
        expect(reads(operation.template, one.path)).toBe(true);
      }
      const known = learner.operations();
      expect(known.length).toBeLessThanOrEqual(LIMITS.operations);
      expect(learner.counts.nodes).toBeLessThanOrEqual(LIMITS.operations * LIMITS.segments);
      const labels = known.map(({ method, name, template }) => `${method} ${name} ${template}`);
      expect(new Set(labels).size).toBe(labels.length);
      expect(new Set(known.map(({ id }) => id)).size).toBe(known.length);
    }),
    runs(300),
  );
});

test('what shows no operation leaves no trace', () => {
  fc.assert(
    fc.property(observations, (all) => {
      const scanned = new OperationLearner(LIMITS);
      const clean = new OperationLearner(LIMITS);
      for (const one of all) {
        scanned.observe(one);
        if (one.status < 400) clean.observe(one);
      }
      expect(scanned.operations().map(({ template }) => template)).toEqual(
        clean.operations().map(({ template }) => template),
      );
      expect(scanned.counts).toEqual(clean.counts);
    }),
    runs(100),
  );
});

test('names and certain ids are learnt alike in every order', () => {
  const plain = fc
    .array(
      fc.oneof(fc.constantFrom('orders', 'users', 'items'), fc.integer({ min: 0, max: 9 }).map(String)),
      {
        minLength: 1,
        maxLength: 4,
      },
    )
    .map((segments) => `/${segments.join('/')}`);
  const all = fc.uniqueArray(plain, { minLength: 1, maxLength: 20 });
  const both = all.chain((paths) =>
    fc.tuple(fc.constant(paths), fc.shuffledSubarray(paths, { minLength: paths.length })),
  );
  const templates = (paths: readonly string[]) => {
    const learner = new OperationLearner();
    for (const path of paths) learner.observe({ method: 'GET', path, status: 200, shape: 0, now: 0 });
    return learner
      .operations()
      .map(({ template }) => template)
      .sort();
  };
  fc.assert(
    fc.property(both, ([one, other]) => {
      expect(templates(one)).toEqual(templates(other));
    }),
    runs(300),
  );
});

test('a hundred thousand distinct segments, deep paths and huge segments are bounded', () => {
  const learner = new OperationLearner();
  const see = (path: string, shape: number) =>
    learner.observe({ method: 'GET', path, status: 200, shape, now: 0 });
  const letters = (n: number) =>
    n.toString(26).replaceAll(/[0-9]/g, (digit) => 'qrstuvwxyz'.charAt(Number(digit)));
  for (let i = 0; i < 100_000; i++) see(`/${letters(i)}`, i + 1);
  for (let i = 0; i < 20_000; i++) see(`/x/${letters(i)}/${letters(i * 7)}/y`, 0);
  for (let i = 0; i < 300; i++) see(`/${`${letters(i)}/`.repeat(10 + (i % 40))}`, 0);
  for (let i = 0; i < 100; i++) see(`/${letters(i).repeat(10_000)}`, 0);
  const { operations, nodes, refused } = learner.counts;
  expect(operations).toBeLessThanOrEqual(512);
  expect(nodes).toBeLessThanOrEqual(512 * 32);
  expect(refused).toBeGreaterThan(0);
  for (const { template } of learner.operations()) expect(template.length).toBeLessThan(32 * 65);
});

/** Whether a template, read by itself, takes the path. */
function reads(template: string, path: string): boolean {
  const parts = template.split('/');
  const segments = path.split('/');
  return (
    parts.length === segments.length &&
    parts.every((part, i) => part === segments[i] || (/^\{.+\}$/.test(part) && segments[i] !== ''))
  );
}
