import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { piecesOf } from '../../testing/h2/wire-frames.ts';
import { feedPieces, IdNotes } from '../../testing/inspect.ts';
import { bytesField, grpcFrame, message, varintField } from '../../testing/protobuf.ts';
import { utf8 } from '../kernel/bytes.ts';
import { GrpcMessages } from './grpc-messages.ts';
import { INSPECT_LIMITS } from './limits.ts';
import { operationNames } from './operation-names.ts';
import { ProtobufReader } from './protobuf-reader.ts';

const UUID = '5f0c1c0e-7d3b-4f0e-9b1a-000000001234';

function read(bytes: Uint8Array, template = '/shop.v1.Orders/GetOrder', notes = new IdNotes()) {
  const operation = operationNames({ template, name: '' }, notes.vocabulary.types);
  const reader = new ProtobufReader(notes.vocabulary, notes.begin().collector);
  const readable = reader.read(bytes, { start: 0, end: bytes.length }, operation);
  return { readable, lines: notes.lines };
}

const text = (field: number, value: string) => bytesField(field, utf8(value));

describe('protobuf without a schema', () => {
  it('field 1 of a message about one object is its id', () => {
    expect(read(message(varintField(1, 17n), varintField(2, 18n), text(3, 'note')))).toEqual({
      readable: true,
      lines: ['pb:1 order'],
    });
  });

  it('so is that of each object in a list', () => {
    const order = (id: bigint) => bytesField(1, message(varintField(1, id), text(2, 'two words')));
    const list = message(order(1n), order(2n), varintField(2, 50n));
    expect(read(list, '/shop.v1.Orders/ListOrders').lines).toEqual(['pb:1.1 order', 'pb:1.1 order']);
  });

  it('what looks like an id is one at any place, however deep', () => {
    const deep = bytesField(4, bytesField(2, message(text(1, UUID), varintField(2, 5n))));
    expect(read(message(deep, text(1, 'o-1'))).lines).toEqual(['pb:4.2.1 uuid', 'pb:1 order']);
  });

  it('a UUID in a nested message is no text, though all of it is printable but its head', () => {
    expect(read(message(bytesField(9, text(1, UUID)))).lines).toEqual(['pb:9.1 uuid']);
  });

  it.each([
    ['text', utf8('hello world')],
    ['an end within a field', Uint8Array.of(0x0a, 5, 1)],
    ['a group', Uint8Array.of(0x0b)],
    ['field 0', Uint8Array.of(0x00, 1)],
    ['a varint without an end', new Uint8Array(12).fill(0xff)],
  ])('says that %s is none', (_name, bytes) => {
    expect(read(bytes).readable).toBe(false);
  });

  it('never throws, and finds no more than there are bytes', () => {
    const field = fc.oneof(
      fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map((value) => varintField(1, value)),
      fc.uint8Array({ maxLength: 30 }).map((value) => bytesField(2, value)),
      fc.uint8Array({ maxLength: 12 }),
      fc.uuid().map((value) => bytesField(3, bytesField(1, utf8(value)))),
    );
    fc.assert(
      fc.property(fc.array(field, { maxLength: 8 }), (fields) => {
        const bytes = message(...fields);
        expect(read(bytes).lines.length).toBeLessThanOrEqual(bytes.length);
      }),
    );
  });

  it('looks at messages within messages to a limit only', () => {
    let bytes = message(varintField(1, 17n));
    for (let n = 0; n < 3000; n++) bytes = bytesField(2, bytes);
    expect(read(bytes)).toEqual({ readable: true, lines: [] });
  });
});

describe('messages of a gRPC body', () => {
  const cut = (pieces: readonly Uint8Array[]) => {
    const seen: string[] = [];
    const messages = new GrpcMessages({
      message: (bytes, start, end) => seen.push(Buffer.from(bytes.subarray(start, end)).toString('hex')),
      skipped: (why) => seen.push(why),
    });
    feedPieces(pieces, (bytes, start, end) => messages.feed(bytes, start, end));
    return seen;
  };

  it('passes over those that are compressed or too long', () => {
    const long = grpcFrame(new Uint8Array(INSPECT_LIMITS.messageBytes + 1));
    const body = message(
      grpcFrame(Uint8Array.of(1)),
      grpcFrame(Uint8Array.of(2), 1),
      grpcFrame(Uint8Array.of()),
      grpcFrame(Uint8Array.of(3)),
    );
    expect(cut([body])).toEqual(['01', 'compressed', '', '03']);
    expect(cut([long, grpcFrame(Uint8Array.of(4))])).toEqual(['too_large', '04']);
  });

  it('are the same in any pieces, whatever the bytes', () => {
    const frame = fc
      .record({ bytes: fc.uint8Array({ maxLength: 20 }), flags: fc.constantFrom(0, 0, 1) })
      .map(({ bytes, flags }) => grpcFrame(bytes, flags));
    fc.assert(
      fc.property(
        fc.array(fc.oneof(frame, fc.uint8Array({ maxLength: 7 })), { maxLength: 6 }),
        fc.array(fc.nat(), { maxLength: 8 }),
        (frames, cuts) => {
          const bytes = message(...frames);
          expect(cut(piecesOf(bytes, cuts))).toEqual(cut([bytes]));
        },
      ),
    );
  });
});
