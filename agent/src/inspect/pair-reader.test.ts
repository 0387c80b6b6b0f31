import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { piecesOf } from '../../testing/h2/wire-frames.ts';
import { feedPieces, IdNotes } from '../../testing/inspect.ts';
import { utf8 } from '../kernel/bytes.ts';
import { PairReader } from './pair-reader.ts';
import { ROOT } from './place-table.ts';

const UUID = '5f0c1c0e-7d3b-4f0e-9b1a-000000001234';

function read(pieces: readonly Uint8Array[], notes = new IdNotes()) {
  const reader = new PairReader(notes.vocabulary, notes.begin().collector);
  reader.begin(ROOT.form, notes.vocabulary.types.intern('thing'));
  feedPieces(pieces, (bytes, start, end) => reader.feed(bytes, start, end));
  reader.end();
  return notes;
}

describe('forms and query strings', () => {
  it.each([
    ['orderId=17', ['form:orderId order']],
    ['id=a-1&x=2', ['form:id thing']],
    ['filter%5BorderId%5D=17', ['form:filter[orderId] order']],
    ['filter[order_id]=17', ['form:filter[order_id] order']],
    [`q=${UUID}`, ['form:q uuid']],
    ['ids=1,2', ['form:ids/* thing', 'form:ids/* thing']],
    ['ids=1&ids=2', ['form:ids/* thing', 'form:ids/* thing']],
    ['id[]=1', ['form:id[]/* thing']],
    ['orderId=1+2', []],
    ['orderId=%ZZ', []],
    ['orderId=%2', []],
    [`requestId=${UUID}`, []],
    ['page=2&limit=50&q=shoes', []],
    ['&&=&=17&orderId', []],
    [`orderId=${'x'.repeat(65)}`, []],
    ['orderId==17', []],
    [`${'x'.repeat(49)}Id=17`, []],
  ])('%s', (text, lines) => {
    expect(read([utf8(text)]).lines).toEqual(lines);
  });

  it('are the same in any pieces, and never throw', () => {
    const part = fc.constantFrom(
      'orderId',
      'ids',
      '=',
      '&',
      '17',
      ',',
      '%',
      '2',
      '%37',
      '+',
      UUID,
      'é',
      '[]',
    );
    const soup = fc.oneof(
      fc.uint8Array({ maxLength: 80 }),
      fc.array(part, { maxLength: 20 }).map((parts) => utf8(parts.join(''))),
    );
    fc.assert(
      fc.property(soup, fc.array(fc.nat(), { maxLength: 6 }), (bytes, cuts) => {
        const notes = new IdNotes();
        const whole = read([bytes], notes).ids;
        expect(read(piecesOf(bytes, cuts), notes).ids).toEqual(whole);
      }),
    );
  });

  it('have in them what URLSearchParams says', () => {
    const pair = fc.tuple(
      fc.constantFrom('orderId', 'user id', 'x', 'a&b=cId'),
      fc.string({ maxLength: 20 }),
    );
    fc.assert(
      fc.property(fc.array(pair, { maxLength: 5 }), (pairs) => {
        const text = `${new URLSearchParams(pairs as [string, string][])}`;
        const isId = /^[\w.:@+~=-]+$/;
        const expected = pairs.filter(
          ([name, value]) =>
            name.toLowerCase().endsWith('id') && value.split(',').some((part) => isId.test(part)),
        );
        expect(read([utf8(text)]).ids.length).toBeGreaterThanOrEqual(
          expected.filter(([, value]) => /^[0-9]+$/.test(value)).length,
        );
      }),
    );
  });
});
