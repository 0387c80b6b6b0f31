import type { Decision } from '@eastwall/policy';
import { expect, test } from 'vitest';
import { aGuardIds } from '../../testing/guards.ts';
import { aRequestView } from '../../testing/request-view.ts';
import { aWorkload } from '../../testing/workloads.ts';
import { Exchange } from '../exchange/exchange.ts';
import { utf8 } from '../kernel/bytes.ts';
import { InboundWatcher } from './inbound-watch.ts';
import { OperationBook } from './operation-book.ts';

const ALLOWED: Decision = { verdict: 'allow', reason: 'ungoverned', policy: null, rule: null };
const destination = { key: 'k', ip: '10.0.0.1', port: 80, services: [] };

const requestTo = (path: string, contentType = '') =>
  aRequestView({ path, contentType, host: 'frontend.shop' });

function setUp() {
  const ids = aGuardIds();
  const pod = aWorkload();
  const operations = new OperationBook({ now: () => 1_000, maxOperations: 100 });
  const parties = { caller: aWorkload({ uid: 'other' }), destination, scope: { expectation: () => null } };
  const watch = () => new InboundWatcher({ ids, operations, pod: () => pod }, parties).watch();
  /** Whether the pod may ask for what the path names. */
  const explains = (path: string) => {
    const found: boolean[] = [];
    const { filter } = ids.enumeration.provenance.of(pod, 1_000).caller;
    ids.reader.readLocation(path, { take: ({ h1, h2 }) => found.push(filter.explains(h1, h2)) });
    return found.length > 0 && found.every(Boolean);
  };
  return { watch, explains };
}

test('the ids in a request explain what its receiver asks for, as long as it is served', () => {
  const { watch, explains } = setUp();
  const watching = watch();
  expect(watching.request(requestTo('/orders/4711'), ALLOWED, 0)).toBeNull();
  expect([explains('/orders/4711'), explains('/orders/4712')]).toEqual([true, false]);
  watching.end(new Exchange(), 0);
  expect(explains('/orders/4711')).toBe(false);
});

test('so do those in its body, and requests that overlap keep their own', () => {
  const { watch, explains } = setUp();
  const [first, second] = [watch(), watch()];
  first.request(requestTo('/carts', 'application/json'), ALLOWED, 0);
  expect(first.requestReading).toBe('stream');
  const body = utf8('{"orderId": 815}');
  first.requestBody(body, 0, body.length);
  expect(first.requestBodyEnd(true, 0)).toBeNull();
  second.request(requestTo('/orders/816'), ALLOWED, 0);
  first.end(new Exchange(), 0);
  expect([explains('/orders/815'), explains('/orders/816')]).toEqual([false, true]);
});
