import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { aLearnedBaseline, aLearnedOperation, aLearnedProtocol } from '../../testing/learned.ts';
import { aUsage } from '../../testing/operation-usage.ts';
import { decodeState, encodeState, type SavedState } from './learned-file.ts';

const state: SavedState = {
  catalog: [aUsage(), aUsage({ template: '/orders' })],
  learned: [aLearnedOperation(), aLearnedProtocol(), aLearnedBaseline()],
  anomalies: Uint8Array.of(1, 2, 3, 255),
};
const file = await encodeState(state);

/** A file of this version that holds anything. */
function fileOf(text: string): Buffer {
  const body = gzipSync(text);
  const digest = createHash('sha256').update(body).digest('hex');
  return Buffer.concat([Buffer.from(`eastwall-learned 1 ${digest}\n`), body]);
}

describe('the file of what was learnt', () => {
  it('is read as it was written', () => {
    const { catalog, learned, anomalies } = state;
    const read = decodeState(file);
    expect(read.ok && { ...read.value, anomalies: [...read.value.anomalies] }).toEqual({
      catalog,
      learned,
      anomalies: [...anomalies],
    });
  });

  it('is not used when it is of a later version, and says so', () => {
    const later = Buffer.from(file);
    later.write('2', 'eastwall-learned '.length);
    expect(decodeState(later)).toEqual({
      ok: false,
      error: 'it is of version 2, and this agent reads up to 1',
    });
  });

  it('is not used when any byte of it is another one, nor cut short', () => {
    for (let at = 0; at < file.length; at++) {
      const damaged = Buffer.from(file);
      damaged[at] = (damaged[at] ?? 0) ^ 0x10;
      expect(decodeState(damaged).ok, `byte ${at}`).toBe(false);
      expect(decodeState(file.subarray(0, at)).ok, `cut at ${at}`).toBe(false);
    }
  });

  it('may hold anything: what can not have been learnt is left out', () => {
    const bad = [7, null, {}, { kind: 'nonsense' }, { ...aLearnedBaseline(), numbers: [1] }];
    const mixed = { catalog: [aUsage(), { calls: -1 }], learned: [...bad, aLearnedProtocol()], anomalies: 5 };
    expect(decodeState(fileOf(JSON.stringify(mixed)))).toEqual({
      ok: true,
      value: { catalog: [aUsage()], learned: [aLearnedProtocol()], anomalies: new Uint8Array() },
    });
    for (const text of ['', 'null', '[', '"x"', '{"catalog":{}}']) decodeState(fileOf(text));
  });

  it('never upsets its reader', () => {
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 300 }), fc.json().map(fileOf)), (bytes) => {
        decodeState(Buffer.from(bytes));
      }),
    );
  });

  it('bounds what comes out of it', () => {
    const bomb = fileOf(' '.repeat(300 << 20));
    expect(bomb.length).toBeLessThan(1 << 20);
    expect(decodeState(bomb).ok).toBe(false);
  });
});
