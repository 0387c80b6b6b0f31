import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseTraceparent } from './trace-context.ts';

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const SPAN = '00f067aa0ba902b7';

test('a traceparent says trace, span and whether it is recorded', () => {
  expect(parseTraceparent(`00-${TRACE}-${SPAN}-01`)).toEqual({
    traceId: TRACE,
    parentId: SPAN,
    sampled: true,
  });
  expect(parseTraceparent(`00-${TRACE}-${SPAN}-00`)?.sampled).toBe(false);
  expect(parseTraceparent(`00-${TRACE}-${SPAN}-03`)?.sampled).toBe(true);
  expect(parseTraceparent(`cc-${TRACE}-${SPAN}-01-later`)?.traceId).toBe(TRACE);
});

test.each([
  '',
  `00-${TRACE}-${SPAN}`,
  `00-${TRACE}-${SPAN}-01-more`,
  `00-${TRACE}-${SPAN}-01.more`,
  `ff-${TRACE}-${SPAN}-01`,
  `00-${TRACE.toUpperCase()}-${SPAN}-01`,
  `00-${'0'.repeat(32)}-${SPAN}-01`,
  `00-${TRACE}-${'0'.repeat(16)}-01`,
  ` 00-${TRACE}-${SPAN}-01`,
  `cc-${TRACE}-${SPAN}-01-${'x'.repeat(200)}`,
])('`%s` is none', (text) => {
  expect(parseTraceparent(text)).toBeNull();
});

test('whatever a caller sends, ids are hex digits or there are none', () => {
  const nearly = fc.stringMatching(/^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/);
  fc.assert(
    fc.property(fc.oneof(fc.string(), nearly), (text) => {
      const context = parseTraceparent(text);
      return (
        context === null ||
        (/^[0-9a-f]{32}$/.test(context.traceId) && /^[0-9a-f]{16}$/.test(context.parentId))
      );
    }),
  );
});
