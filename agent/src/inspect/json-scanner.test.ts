import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { piecesOf } from '../../testing/h2/wire-frames.ts';
import { feedPieces, IdNotes } from '../../testing/inspect.ts';
import { utf8 } from '../kernel/bytes.ts';
import { JsonScanner } from './json-scanner.ts';
import { INSPECT_LIMITS } from './limits.ts';
import { ROOT } from './place-table.ts';

const UUID = '5f0c1c0e-7d3b-4f0e-9b1a-000000001234';

function scan(notes: IdNotes, pieces: readonly Uint8Array[], type = 'thing') {
  const scanner = new JsonScanner(notes.vocabulary, notes.begin().collector);
  scanner.begin(ROOT.body, notes.vocabulary.types.intern(type));
  feedPieces(pieces, (bytes, start, end) => scanner.feed(bytes, start, end));
  scanner.end();
  return { status: scanner.status, shape: scanner.shape, ids: notes.ids };
}

function linesOf(document: unknown, type?: string): string[] {
  const notes = new IdNotes();
  const text = typeof document === 'string' ? document : JSON.stringify(document);
  expect(scan(notes, [utf8(text)], type).status).toBe('closed');
  return notes.lines;
}

describe('what is an id in a document, and of what', () => {
  it('names say it', () => {
    expect(linesOf({ orderId: 17, customer_id: 'c-4', status: 3, total: 99, active: true })).toEqual([
      '/orderId order',
      '/customer_id customer',
    ]);
  });

  it('a plain id is one of what it is in, of the operation where that says nothing', () => {
    const document = {
      data: { items: [{ id: 17, customer: { id: 4 }, lineItems: [{ id: 9 }] }] },
      customers: [{ id: 5 }],
    };
    expect(linesOf(document, 'order')).toEqual([
      '/data/items/*/id order',
      '/data/items/*/customer/id customer',
      '/data/items/*/lineItems/*/id item',
      '/customers/*/id customer',
    ]);
  });

  it('lists of ids have their name', () => {
    expect(linesOf({ orderIds: [1, 2], ids: ['a', 'b'] }, 'thing')).toEqual([
      '/orderIds/* order',
      '/orderIds/* order',
      '/ids/* thing',
      '/ids/* thing',
    ]);
    expect(linesOf([{ id: 1 }])).toEqual(['/*/id thing']);
  });

  it('values that are hardly anything else are ids anywhere, unless their name excludes it', () => {
    expect(linesOf({ reference: UUID, [UUID]: { id: 1 }, note: UUID, traceId: UUID, etag: UUID })).toEqual([
      '/reference uuid',
      '/*key uuid',
      '/*/id thing',
      '/note uuid',
    ]);
  });

  it('numbers that are no plain integers are none', () => {
    expect(linesOf('{"id":1.5,"orderId":-3,"userId":1e3,"itemId":123456789012345678901}')).toEqual([]);
    expect(linesOf('{"id":18446744073709551615}')).toEqual(['/id thing']);
  });

  it('escapes hide nothing', () => {
    const notes = new IdNotes();
    const plain = scan(notes, [utf8('{"orderId":"a-17"}')]).ids;
    expect(scan(notes, [utf8('{"order\\u0049d":"\\u0061-1\\u0037"}')]).ids).toEqual(plain);
    expect(plain).toHaveLength(1);
  });

  it('a name that ends in a backslash is no name of a later document', () => {
    const notes = new IdNotes();
    scan(notes, [utf8('{"a\\\\":1,"orderId":1}')]);
    const again = scan(notes, [utf8('{"a\\\\":1,"orderId":1}')]);
    expect(again).toMatchObject({ status: 'closed', ids: [{ position: '/orderId' }] });
    expect(scan(notes, [utf8('{"a\\":1,\\"orderId":1}')]).status).toBe('closed');
  });
});

describe('bounds', () => {
  it('reads no more ids than the limit, and says so', () => {
    const notes = new IdNotes();
    const ids = Array.from({ length: INSPECT_LIMITS.ids + 5 }, (_, n) => n);
    const { status } = scan(notes, [utf8(JSON.stringify({ ids }))]);
    expect(status).toBe('full');
    expect(notes.ids).toHaveLength(INSPECT_LIMITS.ids);
    expect(notes.collector.truncated).toBe(true);
  });

  it('stops where it is too deep', () => {
    const deep = (depth: number) => utf8('['.repeat(depth) + ']'.repeat(depth));
    expect(scan(new IdNotes(), [deep(INSPECT_LIMITS.depth)]).status).toBe('closed');
    expect(scan(new IdNotes(), [deep(INSPECT_LIMITS.depth + 1)]).status).toBe('too_deep');
  });

  it('goes on when there are more names and places than it can tell apart', () => {
    const notes = new IdNotes();
    const names = Array.from({ length: INSPECT_LIMITS.names + 100 }, (_, n) => [
      `name${'abcdefghij'[n % 10]}x${n}`,
      n,
    ]);
    expect(scan(notes, [utf8(JSON.stringify(Object.fromEntries(names)))]).status).toBe('closed');
    expect(notes.vocabulary.overflowed).toBeGreaterThan(0);
    expect(scan(notes, [utf8('{"orderId":1,"neverSeenBeforeId":2}')]).ids).toMatchObject([
      { type: 'order' },
      { type: 'before' },
    ]);
  });

  it.each([
    '{',
    '{"a"',
    '{"a":',
    '{"a":1',
    '[1,',
    '"open',
    'tru',
    '',
    '{"a" 1}',
    '[1 2]',
    '{,}',
    '}',
    'nul1',
    '[1}',
    '[1,+2]',
    '[1,e]',
    '{"a":truE}',
    '{"a":falsy}',
    '{"a":1,}',
    'x',
  ])('says that %j is no document', (text) => {
    expect(scan(new IdNotes(), [utf8(text)]).status).toBe('malformed');
  });

  it('says that something follows a document', () => {
    expect(scan(new IdNotes(), [utf8('{} {}')]).status).toBe('malformed');
    expect(scan(new IdNotes(), [utf8('{} \n')]).status).toBe('closed');
  });
});

describe('shape', () => {
  const shapeOf = (notes: IdNotes, document: unknown) => scan(notes, [utf8(JSON.stringify(document))]).shape;

  it('is the same whatever the order, the values and the number of elements', () => {
    const notes = new IdNotes();
    const shape = shapeOf(notes, { id: 1, items: [{ a: 1 }, { b: 'x', a: 2 }] });
    expect(shapeOf(notes, { items: [{ b: null, a: 2 }], id: 'y' })).toBe(shape);
    expect(shapeOf(new IdNotes(), { id: 1, items: [{ a: 1, b: 1 }] })).toBe(shape);
  });

  it('is another one where names differ or are elsewhere', () => {
    const notes = new IdNotes();
    const documents = [
      { id: 1 },
      { di: 1 },
      { id: { id: 1 } },
      [{ id: 1 }],
      { id: 1, more: 1 },
      {},
      { more: { id: 1 } },
    ];
    expect(new Set(documents.map((document) => shapeOf(notes, document))).size).toBe(documents.length);
  });
});

/** Values as services send them, with names that mean something among those that do not. */
const NAMES = [
  'id',
  'orderId',
  'customer',
  'items',
  'data',
  'name',
  'a"b',
  'tab\t',
  'é',
  'createdAt',
  'numbers',
  'x',
];
const documentsWith = (names: readonly string[]) =>
  fc.letrec((tie) => ({
    document: fc.oneof({ maxDepth: 5 }, tie('leaf'), tie('object'), tie('array')),
    leaf: fc.oneof(
      fc.nat(),
      fc.double({ noNaN: true, noDefaultInfinity: true }),
      fc.uuid(),
      fc.string({ maxLength: 70 }),
      fc.string({ unit: fc.constantFrom('"', '\\', '/', '\n', 'a', '7', 'é'), maxLength: 120 }),
      fc.constantFrom(null, true, false),
    ),
    array: fc.array(tie('document'), { maxLength: 4 }),
    object: fc.dictionary(fc.constantFrom(...names), tie('document'), { maxKeys: 5, noNullPrototype: true }),
  })).document;
const document = documentsWith(NAMES);
/** With maps, whose names are ids. */
const withMaps = documentsWith(['id', 'a', UUID, UUID.replace('5', '6'), 'items']);

/** The ids by their rule, from a parsed document: slow and obvious. */
function expectedIds(notes: IdNotes, value: unknown): string[] {
  const found: string[] = [];
  const walk = (at: unknown, place: string, name: string): void => {
    if (Array.isArray(at)) for (const element of at) walk(element, `${place}/*`, name);
    else if (typeof at === 'object' && at !== null)
      for (const [key, member] of Object.entries(at)) walk(member, `${place}/${key}`, key);
    else if (typeof at === 'number' || typeof at === 'string') {
      const text = typeof at === 'number' ? JSON.stringify(at) : at;
      if (typeof at === 'number' && !/^\d{1,20}$/.test(text)) return;
      const before = notes.ids.length;
      const { collector, vocabulary } = notes;
      const bytes = utf8(text);
      collector.name = vocabulary.names.find(utf8(name), 0, utf8(name).length);
      collector.consider(bytes, 0, bytes.length);
      if (notes.ids.length > before) found.push(`${place} ${notes.ids.at(-1)?.form}`);
    }
  };
  walk(value, '', '');
  return found;
}

describe('any document', () => {
  it('has the ids that JSON.parse and the rules say', () => {
    fc.assert(
      fc.property(document, fc.constantFrom(0, 2), (value, indent) => {
        const notes = new IdNotes();
        const { status, ids } = scan(notes, [utf8(JSON.stringify(value, null, indent))]);
        expect(status).toBe('closed');
        const lines = ids.map(({ position, form }) => `${position} ${form}`);
        const latin = (text: string) => Buffer.from(text, 'utf8').toString('latin1');
        const expected = expectedIds(new IdNotes().begin(), value).map((line) =>
          line.startsWith(' ') ? `/${line}` : line,
        );
        expect(lines).toEqual(expected.map(latin));
      }),
    );
  });

  it('has the same ids and shape in any pieces, before and after its names are known', () => {
    fc.assert(
      fc.property(document, fc.array(fc.nat(), { maxLength: 12 }), (value, cuts) => {
        const notes = new IdNotes();
        const bytes = utf8(JSON.stringify(value));
        const inPieces = scan(notes, piecesOf(bytes, cuts));
        expect(scan(notes, [bytes])).toEqual(inPieces);
        expect(
          scan(
            notes,
            [...bytes].map((byte) => Uint8Array.of(byte)),
          ),
        ).toEqual(inPieces);
      }),
    );
  });

  it('has the same ids and shape whatever documents came before', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.oneof(document, withMaps), fc.constantFrom(0, 1, 9)), { maxLength: 6 }),
        (documents) => {
          const texts = documents.map(([value, indent]) => utf8(JSON.stringify(value, null, indent)));
          const notes = new IdNotes();
          for (const text of [...texts, ...texts])
            expect(scan(notes, [text])).toEqual(scan(new IdNotes(), [text]));
        },
      ),
    );
  });

  it('never throws on any bytes, and says the same of them in any pieces', () => {
    const fragment = fc.constantFrom(
      '{',
      '}',
      '[',
      ']',
      ',',
      ':',
      '"id"',
      '"a\\',
      '"',
      '17',
      '-2.5e3',
      '+1',
      'true',
      'false',
      'nul',
      ' ',
      '\\"',
      'é',
    );
    const soup = fc.oneof(
      fc.uint8Array({ maxLength: 60 }),
      fc.array(fragment, { maxLength: 20 }).map((parts) => utf8(parts.join(''))),
    );
    fc.assert(
      fc.property(soup, fc.array(fc.nat(), { maxLength: 6 }), (bytes, cuts) => {
        const notes = new IdNotes();
        const whole = scan(notes, [bytes]);
        expect(scan(notes, piecesOf(bytes, cuts))).toEqual(whole);
      }),
    );
  });

  it('is broken where it is, whatever documents came before', () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof(document, withMaps), { minLength: 1, maxLength: 4 }),
        fc.array(fc.nat()),
        (values, marks) => {
          const notes = new IdNotes();
          const texts = values.map((value) => JSON.stringify(value));
          for (const text of texts) scan(notes, [utf8(text)]);
          const [text = ''] = texts;
          for (const mark of marks) {
            const at = mark % text.length;
            const broken = utf8(text.slice(0, at) + '[]{},:"1a'.charAt(mark % 9) + text.slice(at + 1));
            expect(scan(notes, [broken])).toEqual(scan(new IdNotes(), [broken]));
          }
        },
      ),
    );
  });
});
