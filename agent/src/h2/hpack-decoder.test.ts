import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FieldList } from './field-list.ts';
import { BAD_NAME, BAD_VALUE, NEVER_INDEXED, SPACED_VALUE, TOKEN, TOKEN_BITS } from './field-token.ts';
import { HpackDecoder } from './hpack-decoder.ts';
import { HpackEncoder } from './hpack-encoder.ts';

type Pair = readonly [name: string, value: string];

const bytesOf = (text: string) => new Uint8Array(Buffer.from(text.replaceAll(' ', ''), 'hex'));

function decode(decoder: HpackDecoder, hex: string, list = new FieldList()): Pair[] | string {
  const bytes = bytesOf(hex);
  const fault = decoder.decode(bytes, 0, bytes.length, list);
  return fault ?? pairsOf(list);
}

function pairsOf(list: FieldList): Pair[] {
  return Array.from(
    { length: list.length },
    (_, at) => [list.names[at] ?? '', list.values[at] ?? ''] as const,
  );
}

function blockOf(encoder: HpackEncoder): Uint8Array {
  const block = encoder.bytes.slice(0, encoder.length);
  encoder.clear();
  return block;
}

const PAIRS_OF_REQUESTS: Pair[][] = [
  [
    [':method', 'GET'],
    [':scheme', 'http'],
    [':path', '/'],
    [':authority', 'www.example.com'],
  ],
  [
    [':method', 'GET'],
    [':scheme', 'http'],
    [':path', '/'],
    [':authority', 'www.example.com'],
    ['cache-control', 'no-cache'],
  ],
  [
    [':method', 'GET'],
    [':scheme', 'https'],
    [':path', '/index.html'],
    [':authority', 'www.example.com'],
    ['custom-key', 'custom-value'],
  ],
];

const DATE_1: Pair = ['date', 'Mon, 21 Oct 2013 20:13:21 GMT'];
const LOCATION: Pair = ['location', 'https://www.example.com'];
const PAIRS_OF_RESPONSES: Pair[][] = [
  [[':status', '302'], ['cache-control', 'private'], DATE_1, LOCATION],
  [[':status', '307'], ['cache-control', 'private'], DATE_1, LOCATION],
  [
    [':status', '200'],
    ['cache-control', 'private'],
    ['date', 'Mon, 21 Oct 2013 20:13:22 GMT'],
    LOCATION,
    ['content-encoding', 'gzip'],
    ['set-cookie', 'foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1'],
  ],
];

describe('RFC 7541 Appendix C', () => {
  it.each([
    [
      'C.2.1',
      '400a 6375 7374 6f6d 2d6b 6579 0d63 7573 746f 6d2d 6865 6164 6572',
      'custom-key',
      'custom-header',
    ],
    ['C.2.2', '040c 2f73 616d 706c 652f 7061 7468', ':path', '/sample/path'],
    ['C.2.3', '1008 7061 7373 776f 7264 0673 6563 7265 74', 'password', 'secret'],
    ['C.2.4', '82', ':method', 'GET'],
  ])('%s: one field', (_, hex, name, value) => {
    expect(decode(new HpackDecoder(4096), hex)).toEqual([[name, value]]);
  });

  it('C.2.3 keeps the never-indexed mark', () => {
    const list = new FieldList();
    decode(new HpackDecoder(4096), '1008 7061 7373 776f 7264 0673 6563 7265 74', list);
    expect((list.marks[0] ?? 0) & NEVER_INDEXED).toBe(NEVER_INDEXED);
  });

  it.each([
    [
      'C.3, requests',
      [
        '8286 8441 0f77 7777 2e65 7861 6d70 6c65 2e63 6f6d',
        '8286 84be 5808 6e6f 2d63 6163 6865',
        '8287 85bf 400a 6375 7374 6f6d 2d6b 6579 0c63 7573 746f 6d2d 7661 6c75 65',
      ],
    ],
    [
      'C.4, requests with Huffman',
      [
        '8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff',
        '8286 84be 5886 a8eb 1064 9cbf',
        '8287 85bf 4088 25a8 49e9 5ba9 7d7f 8925 a849 e95b b8e8 b4bf',
      ],
    ],
  ])('%s', (_, blocks) => {
    const decoder = new HpackDecoder(4096);
    expect(blocks.map((block) => decode(decoder, block))).toEqual(PAIRS_OF_REQUESTS);
  });

  it.each([
    [
      'C.5, responses with evictions from a table of 256 bytes',
      [
        `4803 3330 3258 0770 7269 7661 7465 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a 3133 3a32
         3120 474d 546e 1768 7474 7073 3a2f 2f77 7777 2e65 7861 6d70 6c65 2e63 6f6d`,
        '4803 3330 37c1 c0bf',
        `88c1 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a 3133 3a32 3220 474d 54c0 5a04 677a 6970
         7738 666f 6f3d 4153 444a 4b48 514b 425a 584f 5157 454f 5049 5541 5851 5745 4f49 553b 206d 6178 2d61
         6765 3d33 3630 303b 2076 6572 7369 6f6e 3d31`,
      ],
    ],
    [
      'C.6, responses with Huffman',
      [
        `4882 6402 5885 aec3 771a 4b61 96d0 7abe 9410 54d4 44a8 2005 9504 0b81 66e0 82a6 2d1b ff6e 919d 29ad
         1718 63c7 8f0b 97c8 e9ae 82ae 43d3`,
        '4883 640e ffc1 c0bf',
        `88c1 6196 d07a be94 1054 d444 a820 0595 040b 8166 e084 a62d 1bff c05a 839b d9ab 77ad 94e7 821d d7f2
         e6c7 b335 dfdf cd5b 3960 d5af 2708 7f36 72c1 ab27 0fb5 291f 9587 3160 65c0 03ed 4ee5 b106 3d50 07`,
      ],
    ],
  ])('%s', (_, blocks) => {
    const decoder = new HpackDecoder(4096);
    decoder.limitTable(256);
    decoder.applySize(256);
    expect(blocks.map((block) => decode(decoder, block.replaceAll(/\s/g, '')))).toEqual(PAIRS_OF_RESPONSES);
  });
});

describe('bounds', () => {
  it.each([
    ['an index of zero', '80', 'bad_index'],
    ['an index past both tables', 'be', 'bad_index'],
    ['a name index past both tables', '7e 0161', 'bad_index'],
    ['a field without its value', '40 0161', 'truncated'],
    ['a value that ends early', '00 0161 0561', 'truncated'],
    ['an integer that ends early', 'ff', 'truncated'],
    ['an integer that never ends', 'ffffffffffffffff', 'bad_integer'],
    ['an integer with leading zeros for ever', 'ff8080808080808000', 'bad_integer'],
    ['a size update after a field', '82 20', 'bad_size_update'],
    ['a size update above the limit', '3fe21f', 'bad_size_update'],
    ['malformed Huffman', '00 81ff 0161', 'bad_huffman'],
    ['a string longer than any list may be', '00 7fffff7f', 'list_too_large'],
  ])('refuses %s', (_, hex, fault) => {
    expect(decode(new HpackDecoder(4096), hex)).toBe(fault);
  });

  it('refuses a list that grows by repeating one indexed field', () => {
    const insert = `40 01 61 7f 80 01 ${'62'.repeat(255)}`;
    expect(decode(new HpackDecoder(4096), insert + 'be'.repeat(20))).toBe('list_too_large');
  });

  it('empties the table for an entry that is larger than the table', () => {
    const decoder = new HpackDecoder(4096);
    decoder.limitTable(64);
    decode(decoder, '3f21 40 0161 0162');
    expect(decode(decoder, 'be')).toEqual([['a', 'b']]);
    decode(decoder, `40 0161 28${'62'.repeat(40)}`);
    expect(decode(decoder, 'be')).toBe('bad_index');
  });

  it('wants the new size first once the limit was lowered', () => {
    const owing = () => {
      const decoder = new HpackDecoder(4096);
      decoder.limitTable(100);
      decoder.limitTable(4096);
      return decoder;
    };
    expect(owing().owedSize).toBe(100);
    expect(decode(owing(), '82')).toBe('bad_size_update');
    expect(decode(owing(), '3f65 82')).toBe('bad_size_update');
    expect(decode(owing(), '20 3fe11f 82')).toEqual([[':method', 'GET']]);
    const settled = owing();
    decode(settled, '3f45 82');
    expect(settled.owedSize).toBe(-1);
  });

  it('counts a changed table and only that', () => {
    const decoder = new HpackDecoder(4096);
    const revisions = ['82', '00 0161 0162', '10 0161 0162', '40 0161 0162', 'be', '20'].map((hex) => {
      decode(decoder, hex);
      return decoder.revision;
    });
    expect(revisions).toEqual([0, 0, 0, 1, 1, 2]);
  });
});

describe('marks', () => {
  const marksOf = (...pairs: Pair[]) => {
    const encoder = new HpackEncoder();
    for (const [name, value] of pairs) encoder.field(name, value, false);
    const block = blockOf(encoder);
    const list = new FieldList();
    expect(new HpackDecoder(4096).decode(block, 0, block.length, list)).toBeNull();
    return list.marks.slice(0, list.length);
  };

  it('knows the names that matter', () => {
    const marks = marksOf([':path', '/x'], [':nope', ''], ['upgrade', 'h2c'], ['x-any', 'y']);
    expect(marks).toEqual([TOKEN.path, TOKEN.unknownPseudo, TOKEN.connectionSpecific, TOKEN.other]);
  });

  it.each([
    ['X-Upper', '', BAD_NAME],
    ['', 'v', BAD_NAME],
    ['a b', 'v', BAD_NAME],
    ['a', 'b\r\nc: d', BAD_VALUE | SPACED_VALUE],
    ['a', '\0', BAD_VALUE | SPACED_VALUE],
    ['a', ' b', BAD_VALUE | SPACED_VALUE],
    ['a', 'b c', SPACED_VALUE],
    ['a', 'bc', 0],
  ])('marks %j: %j', (name, value, bits) => {
    expect(marksOf([name, value]).map((mark) => mark & ~TOKEN_BITS)).toEqual([bits]);
  });
});

describe('the encoder without a table', () => {
  const text = fc.string({ unit: fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code)) });
  const known = fc.constantFrom(':method', ':path', 'content-type', 'accept-encoding', 'www-authenticate');
  const field = fc.tuple(fc.oneof(known, text), fc.oneof(fc.constantFrom('GET', '/', 'gzip, deflate'), text));

  it('is read back as it was, and leaves every table alone', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(field, fc.boolean())), (fields) => {
        const encoder = new HpackEncoder();
        for (const [[name, value], never] of fields) encoder.field(name, value, never);
        const block = blockOf(encoder);
        const decoder = new HpackDecoder(1 << 20);
        const list = new FieldList();
        expect(decoder.decode(block, 0, block.length, list)).toBeNull();
        expect(pairsOf(list)).toEqual(fields.map(([pair]) => pair));
        expect(decoder.revision).toBe(0);
        fields.forEach(([, never], at) => {
          expect(((list.marks[at] ?? 0) & NEVER_INDEXED) !== 0).toBe(never);
        });
        encoder.list(list);
        expect(blockOf(encoder)).toEqual(block);
      }),
    );
  });
});

describe('hostile blocks', () => {
  it('never throw, and never make a list beyond the limit by more than one field', () => {
    const opcode = fc.constantFrom(
      0x82,
      0xbe,
      0xbf,
      0x40,
      0x00,
      0x10,
      0x20,
      0x3f,
      0x7f,
      0xff,
      0x01,
      0x81,
      0x03,
    );
    const input = fc.oneof(fc.uint8Array({ maxLength: 200 }), fc.array(opcode, { maxLength: 200 }));
    fc.assert(
      fc.property(fc.array(input, { maxLength: 5 }), (blocks) => {
        const decoder = new HpackDecoder(1000);
        const list = new FieldList();
        for (const block of blocks) {
          const fault = decoder.decode(Uint8Array.from(block), 0, block.length, list);
          if (fault !== null) return;
          expect(list.bytes).toBeLessThanOrEqual(1000);
        }
      }),
    );
  });
});
