import { expect, it } from 'vitest';
import { KeyNames } from './key-names.ts';

const names = (secret: string, prefix = 'eastwall') => new KeyNames({ prefix, secret, maxKeys: 10 });
const BUCKET = 'api:shop/orders:read/0|100/1000000/100|Principal|principal alice@example.com';

it('names a bucket alike for all who share the secret, and for nobody else', () => {
  const { key, part } = names('s').nameOf(BUCKET);
  expect(names('s').nameOf(BUCKET)).toEqual({ key, part });
  expect(key).toMatch(new RegExp(`^eastwall:\\{${part}\\}:limit:[A-Za-z0-9_-]{22}$`));
  expect(names('t').nameOf(BUCKET).key).not.toBe(key);
  expect(names('s', 'other').nameOf(BUCKET).key).toMatch(/^other:/);
  expect(names('s').nameOf(`${BUCKET}x`).key).not.toBe(key);
});

it('uses all parts of the key space', () => {
  const all = new KeyNames({ prefix: 'p', secret: '', maxKeys: 1_000 });
  const parts = new Set(Array.from({ length: 500 }, (_, i) => all.nameOf(`bucket ${i}`).part));
  expect([...parts].sort((a, b) => a - b)).toEqual(Array.from({ length: 16 }, (_, i) => i));
});

it('gives the same names when it has forgotten them', () => {
  const few = names('s');
  const first = few.nameOf(BUCKET).key;
  for (let i = 0; i < 100; i++) few.nameOf(`bucket ${i}`);
  expect(few.nameOf(BUCKET).key).toBe(first);
});
