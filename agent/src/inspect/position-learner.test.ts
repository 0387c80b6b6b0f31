import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { IdNotes } from '../../testing/inspect.ts';
import { utf8 } from '../kernel/bytes.ts';
import type { FoundId } from './id-collector.ts';
import { VERDICT } from './id-collector.ts';
import { JsonScanner } from './json-scanner.ts';
import { operationNames } from './operation-names.ts';
import { PathReader } from './path-reader.ts';
import { ROOT } from './place-table.ts';
import { PositionLearner } from './position-learner.ts';

const LIST = 1;
const GET = 2;

/** A caller that lists products and gets some of them, by something that is not called an id. */
class Shop {
  readonly notes = new IdNotes();
  readonly learner = new PositionLearner();
  readonly #scanner = new JsonScanner(this.notes.vocabulary, this.notes.collector);
  readonly #path = new PathReader(this.notes.vocabulary, this.notes.collector);
  readonly #get = operationNames({ template: '/products/{id}', name: '' }, this.notes.vocabulary.types);

  list(document: unknown): string[] {
    this.learner.use(LIST);
    this.notes.collector.alsoOwn = false;
    this.notes.begin(this.learner);
    const bytes = utf8(JSON.stringify(document));
    this.#scanner.begin(ROOT.body, this.notes.vocabulary.types.intern('thing'));
    this.#scanner.feed(bytes, 0, bytes.length);
    return this.notes.lines;
  }

  get(id: string | number): string | undefined {
    this.learner.use(GET);
    const { collector } = this.notes.begin();
    collector.alsoOwn = true;
    const take = (found: FoundId) => {
      this.notes.take(found);
      this.learner.asked(found);
    };
    collector.begin({ take }, null);
    this.#path.read(`/products/${id}`, this.#get);
    return this.notes.ids[0]?.hash;
  }
}

describe('places that turn out to have ids', () => {
  it('are those whose values are asked for, and have the type that they are asked for as', () => {
    const shop = new Shop();
    for (let n = 0; n < 20; n++) {
      shop.list({ items: [{ sku: `A-${n}`, price: 2000 + n }] });
      shop.get(`A-${n}`);
    }
    expect(shop.list({ items: [{ sku: 'B-1', price: 7777 }] })).toEqual(['/items/*/sku product']);
    expect(shop.notes.ids[0]?.hash).toBe(shop.get('B-1'));
  });

  it('are not those with values that nobody asks for, or with one value', () => {
    const shop = new Shop();
    for (let n = 0; n < 200; n++) shop.list({ build: '5f0c1c0e7d3b4f0e9b1a000000001234', sku: `A-${n}` });
    expect(shop.list({ build: '5f0c1c0e7d3b4f0e9b1a000000001234', sku: 'A-1' })).toEqual([]);
  });

  it('are not small numbers: they are asked for by chance', () => {
    const shop = new Shop();
    for (let n = 0; n < 100; n++) {
      shop.list({ quantity2: n, stock: n });
      shop.get(n);
    }
    expect(shop.list({ quantity2: 5, stock: 7 })).toEqual([]);
  });

  it('one value that is asked for again and again teaches nothing', () => {
    const shop = new Shop();
    for (let n = 0; n < 50; n++) {
      shop.list({ sku: 'A-1', other: `x-${n}` });
      shop.get('A-1');
    }
    expect(shop.list({ sku: 'A-1' })).toEqual([]);
  });

  it('are known by operation, in bounded memory', () => {
    const learner = new PositionLearner();
    fc.assert(
      fc.property(fc.nat({ max: 2 ** 18 - 1 }), fc.nat({ max: 8191 }), (operation, position) => {
        learner.use(operation);
        expect(learner.verdict(position)).toBe(VERDICT.unknown);
        learner.observe({
          position,
          positionKey: 0,
          madeAt: -1,
          idType: 0,
          entity: 0,
          form: 6,
          h1: operation,
          h2: 1,
          numeric: -1,
          own1: 0,
          own2: 0,
        });
      }),
      { numRuns: 6000 },
    );
    expect(learner.overflowed).toBeGreaterThan(0);
  });
});
