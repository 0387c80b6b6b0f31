import { describe, expect, it } from 'vitest';
import { Random } from '../../testing/lab/random.ts';
import { KeySlab } from './key-slab.ts';

function slabOf(capacity: number) {
  const evidence = new Map<number, number>();
  const resets: number[] = [];
  const slab = new KeySlab(capacity, {
    evidence: (slot) => evidence.get(slot) ?? 0,
    reset: (slot) => {
      evidence.delete(slot);
      resets.push(slot);
    },
  });
  return { slab, evidence, resets };
}

describe('KeySlab', () => {
  it('gives a key its slot again, and a new key a fresh one', () => {
    const { slab, resets } = slabOf(16);
    const slots = [0, 1, 2].map((key) => slab.slot(key, 0xffffffff - key));
    expect(new Set(slots).size).toBe(3);
    expect([0, 1, 2].map((key) => slab.slot(key, 0xffffffff - key))).toEqual(slots);
    expect(resets).toEqual(slots);
    expect(slab.find(3, 3)).toBeNull();
  });

  it('forgets the least recently used', () => {
    const { slab } = slabOf(16);
    for (let key = 0; key < 16; key++) slab.slot(key, key);
    slab.slot(0, 0);
    slab.slot(99, 99);
    expect(slab.find(0, 0)).not.toBeNull();
    expect(slab.find(1, 1)).toBeNull();
    expect(slab.size).toBe(16);
    expect(slab.evictions).toBe(1);
  });

  it('keeps a key with evidence through a flood of keys without', () => {
    const { slab, evidence } = slabOf(64);
    evidence.set(slab.slot(7, 7), 3);
    for (let key = 100; key < 100_000; key++) slab.slot(key, key * 7);
    expect(slab.find(7, 7)).not.toBeNull();
  });

  it('keeps the keys of others through a flood by one caller', () => {
    const { slab } = slabOf(800);
    const others = Array.from({ length: 700 }, (_, key) => [1 + (key % 70), key] as const);
    for (const [high, low] of others) slab.slot(high, low);
    for (let low = 0; low < 100_000; low++) slab.slot(99, low);
    const kept = others.filter(([high, low]) => slab.find(high, low) !== null);
    expect(kept.length).toBeGreaterThan(650);
    expect(slab.size).toBe(800);
  });

  it('keeps them through floods by several, one after the other', () => {
    const { slab } = slabOf(800);
    const others = Array.from({ length: 350 }, (_, key) => [1 + (key % 70), key] as const);
    for (const [high, low] of others) slab.slot(high, low);
    for (let flood = 100; flood < 105; flood++) for (let low = 0; low < 10_000; low++) slab.slot(flood, low);
    expect(others.filter(([high, low]) => slab.find(high, low) !== null).length).toBeGreaterThan(300);
  });

  it('counts the keys of all who call through one caller as its own', () => {
    const { slab } = slabOf(800);
    const others = Array.from({ length: 350 }, (_, key) => [1 + (key % 70), key] as const);
    for (const [high, low] of others) slab.slot(high, low);
    for (let user = 1_000; user < 21_000; user++) slab.slot(user, 5, 99);
    expect(others.filter(([high, low]) => slab.find(high, low) !== null).length).toBeGreaterThan(330);
    // Of its own, those that were used last.
    for (let user = 20_600; user < 21_000; user++) expect(slab.find(user, 5)).not.toBeNull();
    expect(slab.evictions).toBe(350 + 20_000 - 800);
  });

  it('leaves one caller all the room that nobody else takes', () => {
    const { slab } = slabOf(800);
    slab.slot(1, 1);
    for (let round = 0; round < 3; round++)
      for (let user = 1_000; user < 1_799; user++) slab.slot(user, 5, 99);
    expect(slab.evictions).toBe(0);
    for (let user = 2_000; user < 2_700; user++) slab.slot(user, 5, 99);
    expect(slab.find(1, 1)).not.toBeNull();
  });

  it('finds what a plain map would, whatever comes and goes', () => {
    const { slab } = slabOf(50);
    const random = new Random(3);
    // Least recently used first; hashes collide on purpose.
    const model = new Map<string, number>();
    for (let i = 0; i < 20_000; i++) {
      const [high, low] = [random.below(40) << 20, random.below(3) * 0x1000];
      const name = `${high}:${low}`;
      const slot = slab.slot(high, low);
      if (model.has(name)) expect(slot).toBe(model.get(name));
      else if (model.size === 50) model.delete(model.keys().next().value ?? '');
      model.delete(name);
      model.set(name, slot);
      expect(slab.size).toBe(model.size);
    }
    for (const [name, slot] of model) {
      const [high = 0, low = 0] = name.split(':').map(Number);
      expect(slab.find(high, low)).toBe(slot);
    }
  });
});
