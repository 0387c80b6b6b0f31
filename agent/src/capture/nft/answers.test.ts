import { describe, expect, it } from 'vitest';
import { countersIn, fingerprintIn, generationIn, outcomeOf } from './answers.ts';
import { attribute, be32, be64, nested, text } from './attributes.ts';

const ERROR = 2;
const DONE = 3;

/** One message of the kernel; those of nf_tables have four bytes before their attributes. */
function said(type: number, sequence: number, body: Buffer): Buffer {
  const header = Buffer.alloc(16);
  header.writeUInt32LE(16 + body.length, 0);
  header.writeUInt16LE(type, 4);
  header.writeUInt32LE(sequence, 8);
  return Buffer.concat([header, body]);
}

const told = (type: number, generation: number, ...attributes: Buffer[]): Buffer =>
  said(
    0xa00 | type,
    0,
    Buffer.concat([Buffer.from([1, 0, generation >> 8, generation & 0xff]), ...attributes]),
  );

function verdict(sequence: number, errno: number): Buffer {
  const body = Buffer.alloc(20);
  body.writeInt32LE(errno, 0);
  return said(ERROR, sequence, body);
}

describe('the outcome of a transaction', () => {
  it('is success only when the kernel says so', () => {
    expect(outcomeOf(verdict(4, 0))).toEqual({ done: true });
    expect(outcomeOf(Buffer.alloc(0))).toEqual({ done: false, command: 0, errno: -95 });
  });

  it('is the first failure, whatever else is acknowledged', () => {
    const answers = Buffer.concat([verdict(2, -2), verdict(3, -17), verdict(4, 0)]);
    expect(outcomeOf(answers)).toEqual({ done: false, command: 2, errno: -2 });
    expect(outcomeOf(verdict(0, -85))).toEqual({ done: false, command: 0, errno: -85 });
  });
});

it('finds the generation', () => {
  expect(generationIn(told(15, 7, be32(1, 7)))).toBe(7);
  expect(generationIn(told(15, 7, be32(1, 0xfffffffe)))).toBe(0xfffffffe);
  expect(generationIn(verdict(1, -1))).toBeNull();
});

it('reads counters by their names', () => {
  const counter = (name: string, packets: number) =>
    told(18, 1, text(1, 'x'), text(2, name), be32(3, 1), nested(4, be64(1, 60), be64(2, packets)));
  const answers = Buffer.concat([counter('a', 1), counter('b', 2 ** 40), said(DONE, 0, Buffer.alloc(4))]);
  expect(countersIn(answers)).toEqual(
    new Map([
      ['a', 1],
      ['b', 2 ** 40],
    ]),
  );
});

describe('the fingerprint of a table', () => {
  const rule = (table: string, generation: number, handle: number) =>
    told(6, generation, text(1, table), text(2, 'outbound'), be64(3, handle));
  const chain = (table: string, generation: number) =>
    told(3, generation, text(1, table), text(3, 'outbound'));
  const before = fingerprintIn(Buffer.concat([chain('x', 7), rule('x', 7, 1)]), 'x');

  it('is the same at another generation, and beside other tables', () => {
    const later = Buffer.concat([chain('y', 9), chain('x', 9), rule('x', 9, 1), rule('y', 9, 8)]);
    expect(fingerprintIn(later, 'x')).toBe(before);
  });

  it.each([
    ['a rule is gone', [chain('x', 7)]],
    ['a rule is another one', [chain('x', 7), rule('x', 7, 2)]],
    ['there is one more', [chain('x', 7), rule('x', 7, 1), rule('x', 7, 1)]],
    ['all is gone', []],
  ])('is another one when %s', (_, messages) => {
    expect(fingerprintIn(Buffer.concat(messages), 'x')).not.toBe(before);
  });
});

it('takes no harm from what is cut short', () => {
  const whole = told(15, 7, be32(1, 7), attribute(9, Buffer.alloc(9)));
  for (let length = 0; length < whole.length; length++) {
    generationIn(whole.subarray(0, length));
    countersIn(whole.subarray(0, length));
    fingerprintIn(whole.subarray(0, length), 'x');
    outcomeOf(whole.subarray(0, length));
  }
});
