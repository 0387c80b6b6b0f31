import { type Limit, type Mode, PolicySet, type Workload } from '@eastwall/policy';
import { describe, expect, it } from 'vitest';
import { limitAnswer } from './limit-answer.ts';
import { Holding, LimitGuard } from './limits.ts';

const caller = (about: Partial<Workload> = {}): Workload => ({
  uid: 'pod-1',
  namespace: 'shop',
  pod: 'web-1',
  node: 'n',
  serviceAccount: 'web',
  kind: 'Deployment',
  name: 'web',
  labels: {},
  ...about,
});

function setUp(limits: readonly Limit[], mode: Mode = 'Enforce') {
  const policy = {
    namespace: 'shop',
    name: 'orders',
    generation: 1,
    mode,
    target: {},
    rules: [{ name: 'read', action: 'Allow' as const, limits }],
  };
  const service = { namespace: 'shop', service: 'orders', port: 80 };
  const destination = { key: 'orders', ip: '10.0.0.1', port: 80, services: [service] };
  const decision = PolicySet.empty()
    .with({ upsert: [policy] })
    .scope(caller(), destination)
    .evaluate('GET', '/', '');
  const calls = { woken: 0 };
  const guard = new LimitGuard({ maxBuckets: 100, random: () => 0.5, wake: () => calls.woken++ });
  const admit = ({
    holding = new Holding(),
    now = 0,
    from = caller(),
    principal = null as string | null,
    operation = 'GET /',
  } = {}) => guard.admit(decision, { caller: from, principal, operation }, holding, now);
  const admits = (count: number, about: Parameters<typeof admit>[0] = {}) =>
    Array.from({ length: count }, () => admit(about)).filter((refusal) => refusal === null).length;
  return { guard, admit, admits, calls };
}

const PER_POD: Limit = { key: 'Pod', rate: '10/s' };

describe('limits in the dataplane', () => {
  it('admit what their rate allows, and say when to come back', () => {
    const { admits, admit } = setUp([PER_POD]);
    expect(admits(50)).toBe(10);
    const refusal = admit();
    expect(refusal?.decision).toMatchObject({ verdict: 'deny', reason: 'rate_limited', rule: 'read' });
    expect(refusal && limitAnswer(refusal)).toMatchObject({
      status: 429,
      retryAfterSeconds: 1,
      headers: [
        ['ratelimit-policy', '"read";q=10;w=1'],
        ['ratelimit', '"read";r=0;t=1'],
      ],
    });
    expect(admits(50, { now: 500 })).toBe(5);
  });

  it('in Audit only report', () => {
    const { admits, admit, guard } = setUp([PER_POD], 'Audit');
    admits(10);
    expect(admit()?.decision).toMatchObject({ verdict: 'would-deny', reason: 'rate_limited' });
    expect(guard.takeTotals(0).cells).toEqual([
      { policy: 'shop/orders', limit: 'read', enforced: false, admitted: 10, refused: 1 },
    ]);
    expect(guard.takeTotals(0).cells).toEqual([]);
  });

  it.each([
    ['Pod', { uid: 'pod-2' }, true],
    ['Workload', { uid: 'pod-2' }, false],
    ['Workload', { name: 'other' }, true],
    ['Namespace', { uid: 'pod-2', name: 'other' }, false],
    ['Namespace', { namespace: 'ops' }, true],
    ['All', { uid: 'pod-2', namespace: 'ops', name: 'other' }, false],
  ] as const)('by %s: another caller (%j) has tokens of its own: %s', (key, about, own) => {
    const { admits } = setUp([{ key, rate: '10/s' }]);
    admits(50);
    expect(admits(1, { from: caller(about) })).toBe(own ? 1 : 0);
  });

  it('by principal, and by workload where there is none, which is counted', () => {
    const { admits, guard } = setUp([{ key: 'Principal', rate: '10/s' }]);
    admits(50, { principal: 'alice' });
    expect(admits(1, { principal: 'alice', from: caller({ name: 'other' }) })).toBe(0);
    expect(admits(1, { principal: 'bob' })).toBe(1);
    expect(admits(1)).toBe(1);
    expect(guard.takeTotals(0).unverified).toBe(1);
  });

  it('by operation where they ask for it', () => {
    const { admits } = setUp([{ ...PER_POD, perOperation: true }]);
    admits(50, { operation: 'GET /orders/{id}' });
    expect(admits(1, { operation: 'tools/call search' })).toBe(1);
    expect(admits(1, { operation: 'GET /orders/{id}' })).toBe(0);
    expect(admits(1, { operation: `x${'y'.repeat(1e6)}` })).toBe(1);
  });

  it('of concurrency count what is under way, and get back what ended, once', () => {
    const { admit } = setUp([{ key: 'Pod', concurrency: 2 }]);
    const [a, b, c] = [new Holding(), new Holding(), new Holding()];
    expect(admit({ holding: a })).toBeNull();
    expect(admit({ holding: b })).toBeNull();
    const refusal = admit({ holding: c });
    expect(refusal?.decision.reason).toBe('concurrency_limited');
    expect(refusal && limitAnswer(refusal)).toEqual({
      decision: refusal?.decision,
      status: 429,
      retryAfterSeconds: 1,
    });
    c.release();
    expect(admit({ holding: c })).not.toBeNull();
    a.release();
    a.release();
    expect(admit({ holding: c })).toBeNull();
    expect(admit({ holding: a })).not.toBeNull();
  });

  it('must all have room, and those that had keep it when another has none', () => {
    const { admits, admit, guard } = setUp([
      { key: 'Pod', rate: '100/s' },
      { key: 'Pod', rate: '10/s' },
      { key: 'Pod', concurrency: 1 },
    ]);
    const busy = new Holding();
    expect(admit({ holding: busy })).toBeNull();
    expect(admits(200)).toBe(0);
    busy.release();
    for (let i = 0; i < 9; i++) {
      const holding = new Holding();
      expect(admit({ holding }), `${i}`).toBeNull();
      holding.release();
    }
    expect(admit()?.limit.rate?.tokens).toBe(10);
    expect(guard.takeTotals(0).cells).toHaveLength(3);
  });

  it('ask for tokens once, when there is something to ask', () => {
    const { admit, guard, calls } = setUp([{ key: 'All', rate: '100/s' }]);
    for (let i = 0; i < 10; i++) admit();
    expect(calls.woken).toBe(1);
    expect(guard.collect(25)).toHaveLength(1);
    expect(guard.hungry).toBe(false);
    guard.replied([], [1], 30);
    expect(guard.takeTotals(30).mode).toBe('share');
    // Nobody asks any more, and so nobody is told that the store is back.
    expect(guard.takeTotals(10_030).mode).toBe('lease');
  });

  it('cost nothing where a rule has none', () => {
    const { guard } = setUp([PER_POD]);
    const decision = { verdict: 'allow', reason: 'ungoverned', policy: null, rule: null } as const;
    expect(
      guard.admit(decision, { caller: caller(), principal: null, operation: '' }, new Holding(), 0),
    ).toBeNull();
    expect(guard.takeTotals(0).buckets).toBe(0);
  });
});
