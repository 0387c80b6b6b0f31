import { describe, expect, it } from 'vitest';
import { eventually } from '../../../test/support/eventually.ts';
import { aFinding } from '../../testing/findings.ts';
import { deniedRecord } from '../../testing/flow-record.ts';
import { type AgentEvent, exchangeEvent, findingEvent } from '../events/agent-event.ts';
import { err, ok } from '../kernel/result.ts';
import { KubeEventSink } from './kube-event-sink.ts';

const began = (id: string) => findingEvent(aFinding({ id }), null) as AgentEvent;

/** A kube API that answers with these statuses, then with success. */
function setUp(
  statuses: readonly number[] = [],
  perMinute = 10,
  message = (status: number) => `answered ${status}`,
) {
  const created: { path: string; body: object }[] = [];
  const sink = new KubeEventSink({
    client: {
      create: async (path, body) => {
        created.push({ path, body });
        const status = statuses[created.length - 1];
        return status === undefined ? ok({}) : err({ status, message: message(status) });
      },
    },
    perMinute,
    uidOf: (namespace, pod) => `uid of ${namespace}/${pod}`,
    monotonic: () => 0,
    random: () => 0,
  });
  return { sink, created };
}

describe('KubeEventSink', () => {
  it('tells of a finding once, on the pod of its caller, and of nothing else', async () => {
    const { sink, created } = setUp();
    sink.accept(exchangeEvent(deniedRecord()));
    sink.accept(began('ef-1'));
    sink.accept(findingEvent(aFinding({ action: 'block' }), aFinding()) as AgentEvent);
    sink.accept(findingEvent(aFinding({ state: 'resolved' }), aFinding()) as AgentEvent);
    await sink.close(10_000);
    expect(created).toMatchObject([
      {
        path: '/api/v1/namespaces/shop/events',
        body: {
          metadata: { name: 'eastwall.ef-1', namespace: 'shop' },
          involvedObject: { kind: 'Pod', name: 'frontend-1', uid: 'uid of shop/frontend-1' },
          reason: 'ObjectEnumeration',
          type: 'Warning',
        },
      },
    ]);
    expect(sink.counts).toMatchObject({ accepted: 1, delivered: 1, problem: null });
  });

  it('tells so many a minute', async () => {
    const { sink, created } = setUp([], 3);
    for (let i = 0; i < 5; i++) sink.accept(began(`ef-${i}`));
    await sink.close(10_000);
    expect(created).toHaveLength(3);
    expect(sink.counts.dropped.rate).toBe(2);
  });

  it('takes what is there already for told, gives up what is refused, and goes on', async () => {
    const { sink, created } = setUp([409, 403]);
    for (const id of ['ef-1', 'ef-2', 'ef-3']) sink.accept(began(id));
    await sink.close(10_000);
    expect(created).toHaveLength(3);
    expect(sink.counts).toMatchObject({ delivered: 2, dropped: { refused: 1 } });
  });

  it.each([
    [403, 'events "x" is forbidden: may not create', 'events "x" is forbidden: may not create'],
    [403, 'forbidden: unable to create new content in namespace a because it is being terminated', null],
    [404, 'namespaces "a" not found', null],
  ])(
    'has a problem where it may not tell, and none where there is no place (%i: %s)',
    async (status, said, problem) => {
      const { sink } = setUp([status], 10, () => said);
      sink.accept(began('ef-1'));
      await sink.close(10_000);
      expect(sink.counts).toMatchObject({ dropped: { refused: 1 }, problem });
    },
  );

  it('waits while the kube API is out of reach', async () => {
    const { sink, created } = setUp([0]);
    sink.accept(began('ef-1'));
    await eventually(() => expect(sink.counts.problem).toBe('answered 0'));
    await eventually(() => expect(sink.counts.delivered).toBe(1));
    expect(created).toHaveLength(2);
  });
});
