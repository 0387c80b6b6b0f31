import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { OperationLearner } from './operation-learner.ts';
import { readSavedOperation, type SavedOperation } from './saved-operation.ts';

const seen = (method: string, path: string, shape = 7) => ({ method, path, status: 200, shape, now: 5 });

/** By way of what a file holds. */
function throughText(saved: readonly SavedOperation[]): SavedOperation[] {
  return (JSON.parse(JSON.stringify(saved)) as unknown[]).flatMap((one) => readSavedOperation(one) ?? []);
}

describe('operations that outlive a learner', () => {
  const first = new OperationLearner();
  for (let i = 0; i < 12; i++) {
    first.observe(seen('GET', `/orders/${i}`));
    first.observe(
      seen('GET', `/zoo/${['ant', 'bee', 'cat', 'dog', 'elk', 'fox', 'gnu', 'hen', 'ibex'][i % 9]}/meals`),
    );
    first.observe(seen('GET', '/orders'));
    first.observe({ ...seen('POST', '/shop.Orders/Get'), fixed: true });
  }
  first.observe(seen('GET', '/once'));
  const next = new OperationLearner();
  const savedBy = (learner: OperationLearner) => learner.save().map(({ saved }) => saved);
  for (const saved of throughText(savedBy(first))) next.restore(saved);

  it('are the same in the next one', () => {
    for (const [method, path] of [
      ['GET', '/orders/999'],
      ['GET', '/zoo/yak/meals'],
      ['GET', '/orders'],
      ['POST', '/shop.Orders/Get'],
    ] as const) {
      const template = first.resolve(method, path)?.template;
      expect(template).toBeDefined();
      expect(next.resolve(method, path)?.template).toBe(template);
    }
    expect(next.resolve('GET', '/zoo/yak/meals')?.template).toBe('/zoo/{zooId}/meals');
  });

  it('are those that are no accident', () => {
    expect(next.resolve('GET', '/once')).toBeNull();
  });

  it('go on to be learnt', () => {
    next.observe(seen('GET', '/orders/5/items'));
    expect(next.resolve('GET', '/orders/6/items')?.template).toBe('/orders/{orderId}/items');
    expect(throughText(savedBy(next))).toEqual(throughText(savedBy(first)));
  });

  it('leave alone what the next one knows', () => {
    const third = new OperationLearner();
    const known = third.observe(seen('GET', '/orders/1'));
    for (const { saved } of first.save()) third.restore(saved);
    expect(third.resolve('GET', '/orders/2')).toBe(known);
  });

  it('are only as many as there is room for', () => {
    const small = new OperationLearner({ operations: 2 });
    for (const { saved } of first.save()) small.restore(saved);
    expect(small.counts.operations).toBeLessThanOrEqual(2);
  });
});

describe('what passes for a saved operation', () => {
  const [whole] = (() => {
    const learner = new OperationLearner();
    for (let i = 0; i < 3; i++) learner.observe(seen('GET', `/a/${i}`));
    return learner.save().map(({ saved }) => saved);
  })();

  it('is read only when it can be one', () => {
    expect(readSavedOperation(whole)).toEqual(whole);
    const bad: readonly object[] = [
      { method: 1 },
      { segments: ['a/b'] },
      { segments: [['int', 9]] },
      { segments: [['nonsense', 0]] },
      { segments: Array(65).fill('a') },
      { seen: -1 },
      { shapes: [1.5] },
      { fixed: 'yes' },
    ];
    for (const change of bad) expect(readSavedOperation({ ...whole, ...change })).toBeNull();
    for (const value of [null, 7, 'x', []]) expect(readSavedOperation(value)).toBeNull();
  });

  it('never upsets a learner', () => {
    const segment = fc.oneof(
      fc.string({ maxLength: 8 }),
      fc.constantFrom(['int', 0], ['text', 2], ['uuid', 1]),
    );
    const operation = fc.record({
      method: fc.constantFrom('GET', 'POST'),
      name: fc.constantFrom('', 'x'),
      segments: fc.array(segment, { maxLength: 5 }),
      fixed: fc.boolean(),
      seen: fc.nat(),
      lastSeen: fc.nat(),
      shapes: fc.array(fc.integer(), { maxLength: 6 }),
      shapeless: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 20 }), (all) => {
        const learner = new OperationLearner({ operations: 8 });
        for (const saved of throughText(all as SavedOperation[])) learner.restore(saved);
        for (let i = 0; i < 20; i++) learner.observe(seen('GET', `/a/${i}`));
        expect(learner.counts.operations).toBeLessThanOrEqual(8);
        for (const { template } of learner.operations()) expect(template.startsWith('/')).toBe(true);
      }),
    );
  });
});
