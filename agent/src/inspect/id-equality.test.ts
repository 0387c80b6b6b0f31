import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { feedPieces, IdNotes } from '../../testing/inspect.ts';
import { bytesField, message, varintField } from '../../testing/protobuf.ts';
import { utf8 } from '../kernel/bytes.ts';
import { FORM } from './id-form.ts';
import { IdHash } from './id-hash.ts';
import { JsonScanner } from './json-scanner.ts';
import { operationNames } from './operation-names.ts';
import { PairReader } from './pair-reader.ts';
import { PathReader } from './path-reader.ts';
import { ROOT } from './place-table.ts';
import { ProtobufReader } from './protobuf-reader.ts';

/** Every way in which one order's id can be written, in one process. */
class Everywhere {
  readonly notes = new IdNotes();
  readonly #order = this.notes.vocabulary.types.intern('order');

  json(text: string) {
    const scanner = new JsonScanner(this.notes.vocabulary, this.notes.begin().collector);
    scanner.begin(ROOT.body, this.#order);
    feedPieces([utf8(text)], (bytes, start, end) => scanner.feed(bytes, start, end));
    scanner.end();
    return this.notes.ids[0];
  }

  path(path: string) {
    const { vocabulary } = this.notes;
    const operation = operationNames({ template: '/v1/orders/{id}', name: '' }, vocabulary.types);
    new PathReader(vocabulary, this.notes.begin().collector).read(path, operation);
    return this.notes.ids[0];
  }

  query(query: string) {
    const reader = new PairReader(this.notes.vocabulary, this.notes.begin().collector);
    reader.begin(ROOT.query, this.#order);
    reader.feedText(query, 0, query.length);
    reader.end();
    return this.notes.ids[0];
  }

  location(location: string) {
    new PathReader(this.notes.vocabulary, this.notes.begin().collector).readLocation(location);
    return this.notes.ids[0];
  }

  protobuf(bytes: Uint8Array) {
    const { vocabulary } = this.notes;
    const operation = operationNames({ template: '/shop.v1.Orders/GetOrder', name: '' }, vocabulary.types);
    const reader = new ProtobufReader(vocabulary, this.notes.begin().collector);
    expect(reader.read(bytes, { start: 0, end: bytes.length }, operation)).toBe(true);
    return this.notes.ids[0];
  }
}

const same = (ids: readonly ({ hash: string; type: string } | undefined)[]) =>
  new Set(ids.map((id) => (id === undefined ? 'none' : `${id.hash} ${id.type}`)));

describe('one id is one hash, wherever it stands', () => {
  it('integers', () => {
    const at = new Everywhere();
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), (value) => {
        const ids = [
          at.json(`{"id":${value}}`),
          at.json(`{"orderId":"${value}"}`),
          at.json(`{"order_ids":["${`${value}`.padStart(20, '0')}"]}`),
          at.json(`{"orders":[{"id":${value}}]}`),
          at.path(`/v1/orders/${value}`),
          at.query(`x=1&order_id=${value}`),
          at.query(`id=${value},5`),
          at.location(`http://orders.shop:8080/v1/orders/${value}`),
          at.protobuf(message(varintField(1, value))),
          at.protobuf(message(bytesField(1, utf8(`${value}`)))),
        ];
        expect(same(ids).size).toBe(1);
        expect(ids[0]?.numeric).toBe(value < 10n ** 15n ? Number(value) : -1);
      }),
    );
  });

  it('UUIDs, in either case, with and without dashes', () => {
    const at = new Everywhere();
    fc.assert(
      fc.property(fc.oneof(fc.uuid(), fc.constant('00000000-0000-1000-8000-000000000000')), (uuid) => {
        const ids = [
          at.json(`{"anything":"${uuid}"}`),
          at.json(`{"userId":"${uuid.toUpperCase()}"}`),
          at.path(`/v1/orders/${uuid}`),
          at.path(`/v1/orders/${uuid.replaceAll('-', '')}`),
          at.query(`q=${uuid.replace('-', '%2D')}`),
          at.location(`/things/${uuid}?x=1`),
          at.protobuf(message(bytesField(7, utf8(uuid)))),
          at.protobuf(message(bytesField(3, message(bytesField(1, utf8(uuid)))))),
        ];
        expect(same(ids).size).toBe(1);
      }),
    );
  });

  it('slugs, percent-encoded or not', () => {
    const at = new Everywhere();
    const slug = fc.stringMatching(/^[A-Za-z][A-Za-z0-9._@+-]{0,12}$/);
    fc.assert(
      fc.property(slug, (text) => {
        const escaped = [...text].map((letter) => `%${letter.charCodeAt(0).toString(16)}`).join('');
        const ids = [
          at.json(JSON.stringify({ orderId: text })),
          at.path(`/v1/orders/${text}`),
          at.path(`/v1/orders/${escaped}`),
          at.query(`orderId=${escaped}`),
        ];
        expect(same(ids).size).toBe(1);
      }),
    );
  });
});

describe('different ids', () => {
  it("an order's 17 is no user's 17", () => {
    const at = new Everywhere();
    expect(at.json('{"orderId":17}')?.hash).not.toBe(at.json('{"userId":17}')?.hash);
  });

  it('have different hashes, in each half', () => {
    const at = new Everywhere();
    const hashes = Array.from({ length: 20_000 }, (_, n) => at.path(`/v1/orders/${n}`)?.hash ?? '');
    for (const half of [0, 1]) {
      const halves = new Set(hashes.map((hash) => hash.split(' ')[half]));
      // Of 20,000 random 32-bit numbers, 0.05 are expected to collide.
      expect(hashes.length - halves.size).toBeLessThan(5);
    }
  });

  it('hash in other ways with another seed', () => {
    const hashOf = (seed: { seed1: number; seed2: number }) => {
      const hash = new IdHash(seed).begin(1);
      hash.finish(utf8('17'), 0, 2, FORM.int);
      return [hash.h1, hash.h2];
    };
    const [h1, h2] = hashOf({ seed1: 1, seed2: 2 });
    expect(hashOf({ seed1: 3, seed2: 2 })[0]).not.toBe(h1);
    expect(hashOf({ seed1: 1, seed2: 3 })[1]).not.toBe(h2);
    expect(hashOf({ seed1: 1, seed2: 2 })).toEqual([h1, h2]);
  });
});
