import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { utf8 } from '../kernel/bytes.ts';
import { FORM, formOf } from './id-form.ts';

const formOfText = (text: string) => {
  const bytes = utf8(`"${text}"`);
  return Object.keys(FORM)[formOf(bytes, 1, bytes.length - 1)];
};

describe('the form of a value', () => {
  it.each([
    ['0', 'int'],
    ['17', 'int'],
    ['00017', 'int'],
    ['18446744073709551615', 'int'],
    ['184467440737095516151', 'hex'],
    ['5f0c1c0e-7d3b-4f0e-9b1a-000000001234', 'uuid'],
    ['5F0C1C0E-7D3B-4F0E-9B1A-000000001234', 'uuid'],
    ['5f0c1c0e7d3b4f0e9b1a000000001234', 'hex'],
    ['507f1f77bcf86cd799439011', 'hex'],
    ['01ARZ3NDEKTSV4RRFFQ69G5FAV', 'ulid'],
    ['cus_NffrFeUfNV2Hib', 'token'],
    ['dQw4w9WgXcQ', 'token'],
    ['orders-7d9f8b6c5d-x2x4z', 'token'],
    ['A-17', 'slug'],
    ['annual-report-overview', 'slug'],
    ['deadbeef', 'slug'],
    ['alice@example.com', 'slug'],
    ['2026-11-28T17:12:47.123Z', 'slug'],
    ['', 'none'],
    ['two words', 'none'],
    ['a/b', 'none'],
    ['-17', 'none'],
    ['naïve', 'none'],
    ['x'.repeat(65), 'none'],
  ])('%s: %s', (text, form) => {
    expect(formOfText(text)).toBe(form);
  });

  it('never throws, and looks at no byte beyond the range', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), fc.uint8Array({ maxLength: 8 }), (bytes, around) => {
        const memory = Uint8Array.from([...around, ...bytes, ...around]);
        const form = formOf(memory, around.length, around.length + bytes.length);
        expect(form).toBe(formOf(bytes, 0, bytes.length));
      }),
    );
  });

  it('knows UUIDs from any generator', () => {
    fc.assert(
      fc.property(fc.uuid(), fc.boolean(), (uuid, upper) => {
        expect(formOfText(upper ? uuid.toUpperCase() : uuid)).toBe('uuid');
      }),
    );
  });
});
