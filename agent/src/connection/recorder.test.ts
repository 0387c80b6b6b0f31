import type { Destination, Workload } from '@eastwall/policy';
import { expect, test } from 'vitest';
import { DENY } from '../../testing/playbook.ts';
import { Exchange } from '../exchange/exchange.ts';
import type { Direction } from '../ipc/messages.ts';
import { Recorder } from './recorder.ts';

const caller = { uid: 'u', namespace: 'shop', name: 'ci' } as Workload;
const destination: Destination = { key: 'k', ip: '10.0.0.1', port: 80, services: [] };

const setUp = (maxRecords = 10) => {
  const clock = { now: () => 1_000, monotonic: () => 50 };
  const recorder = new Recorder({
    node: 'n1',
    clock,
    idPrefix: 'abc',
    templateOf: () => '/orders/{orderId}',
    maxRecords,
  });
  const traffic = recorder.group(caller, destination);
  const record = (change: Partial<Exchange>, who = caller, direction: Direction = 'outbound'): void => {
    const exchange = new Exchange();
    exchange.begin('http1', 40);
    recorder.record(Object.assign(exchange, change), {
      now: 50,
      caller: who,
      destination,
      traffic,
      direction,
    });
  };
  return { recorder, record };
};

test('what passed is counted but not kept', () => {
  const { recorder, record } = setUp();
  record({});
  expect(recorder.takeRecords()).toEqual({ records: [], dropped: 0 });
  expect(recorder.takeCells()).toMatchObject([{ exchanges: 1 }]);
});

test('what was denied is kept, with the id the caller was given and the time it began', () => {
  const { recorder, record } = setUp();
  record({ decision: DENY, outcome: 'denied', id: 'ew-abc-9', status: 403, method: 'GET', path: '/x' });
  expect(recorder.takeRecords().records).toMatchObject([
    {
      id: 'ew-abc-9',
      time: 990,
      durationMs: 10,
      node: 'n1',
      verdict: 'deny',
      policy: 'shop/p',
      rule: 'no',
      caller,
    },
  ]);
  expect(recorder.takeRecords().records).toEqual([]);
});

test('of a text beyond measure the beginning is kept', () => {
  const { recorder, record } = setUp();
  record({ outcome: 'denied', method: 'M'.repeat(60_000), host: 'h', path: `/${'é'.repeat(60_000)}` });
  const [kept] = recorder.takeRecords().records;
  expect(kept?.method).toBe(`${'M'.repeat(1_023)}…`);
  expect(kept?.path).toBe(`/${'é'.repeat(1_022)}…`);
  expect(kept?.host).toBe('h');
});

test('the fault of a malformed message is the reason', () => {
  const { recorder, record } = setUp();
  record({ outcome: 'malformed_request', fault: 'bare_lf' });
  expect(recorder.takeRecords().records).toMatchObject([{ reason: 'bare_lf' }]);
});

test('everything is kept while somebody follows, each under an id of its own', () => {
  const { recorder, record } = setUp();
  recorder.streamAll = true;
  record({});
  record({});
  expect(new Set(recorder.takeRecords().records.map(({ id }) => id)).size).toBe(2);
});

test('records beyond the bound are dropped and counted', () => {
  const { recorder, record } = setUp(1);
  record({ outcome: 'timeout' });
  record({ outcome: 'timeout' });
  expect(recorder.takeRecords()).toMatchObject({ records: [{}], dropped: 1 });
  expect(recorder.takeRecords().dropped).toBe(0);
});

test('a caller nobody could name is null', () => {
  const { recorder, record } = setUp();
  record({ outcome: 'timeout' }, { ...caller, uid: '' });
  expect(recorder.takeRecords().records[0]?.caller).toBeNull();
});

test('what came to a pod is no second exchange, and only kept for who follows everything', () => {
  const { recorder, record } = setUp();
  record({ outcome: 'upstream_reset' }, caller, 'inbound');
  expect(recorder.takeRecords().records).toEqual([]);
  recorder.streamAll = true;
  record({}, caller, 'inbound');
  record({}, caller);
  const legs = recorder.takeRecords().records.map(({ leg }) => leg);
  expect(legs).toEqual(['inbound', undefined]);
  expect(recorder.takeCells()).toMatchObject([{ exchanges: 1 }]);
});
