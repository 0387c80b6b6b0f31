import { expect, test } from 'vitest';
import { aWorkload } from '../../testing/workloads.ts';
import { NO_ATTEMPTS, type PodReport } from '../capture/protocol.ts';
import type { Sign } from '../guard/finding-book.ts';
import { BypassWatch } from './bypass-watch.ts';

const report = (attempts: Partial<PodReport['attempts']>) =>
  ({ uid: 'u', attempts: { ...NO_ATTEMPTS, ...attempts } }) as PodReport;

function setUp() {
  const signs: Sign[] = [];
  const watch = new BypassWatch((sign) => signs.push(sign));
  const look = (attempts: Partial<PodReport['attempts']>) =>
    watch.look([report(attempts)], () => aWorkload());
  return { watch, signs, look };
}

test('a count that grows is a sign, named after the worst', () => {
  const { signs, look } = setUp();
  look({});
  look({ marked: 2 });
  look({ marked: 2 });
  look({ marked: 3, smuggled: 9 });
  expect(signs.map(({ severity }) => severity)).toEqual(['medium', 'critical']);
  expect(signs[1]).toMatchObject({
    detection: 'interception-bypass',
    evidence: { smuggled: 9, marked: 3 },
    explanation: expect.stringContaining('shop/frontend-1 writes whole frames'),
  });
});

test('what the agent missed is no attempt of the pod, and a pod that nobody knows is left alone', () => {
  const { watch, signs, look } = setUp();
  look({ unjudged: 7 });
  watch.look([report({ smuggled: 1 })], () => null);
  expect(signs).toEqual([]);
});

test('QUIC is a finding of its own, and no attempt', () => {
  const { signs, look } = setUp();
  look({ quic: 4 });
  look({ quic: 4 });
  look({ quic: 9 });
  expect(signs.map(({ detection, evidence }) => [detection, evidence])).toEqual([
    ['quic-egress', { packets: 4 }],
    ['quic-egress', { packets: 9 }],
  ]);
});

test('a pod that is gone is forgotten', () => {
  const { watch, signs, look } = setUp();
  look({ smuggled: 5 });
  watch.look([], () => null);
  look({ smuggled: 1 });
  expect(signs).toHaveLength(2);
});
