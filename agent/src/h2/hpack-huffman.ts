/** The Huffman code of RFC 7541 Appendix B. It is canonical, so its code lengths say everything. */

const EOS = 256;

// biome-ignore format: sixteen symbols to a line, as in the RFC
export const CODE_LENGTHS: readonly number[] = [
  13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28,
  28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 28,
  6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6,
  5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7, 8, 15, 6, 12, 10,
  13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7,
  7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6,
  15, 5, 6, 5, 6, 5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5,
  6, 7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13, 28,
  20, 22, 20, 20, 22, 22, 22, 23, 22, 23, 23, 23, 23, 23, 24, 23,
  24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24,
  22, 21, 20, 22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23,
  21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23,
  26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25,
  19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27, 27,
  20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23,
  26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26,
  30,
];

/** Bytes that a Huffman string of `length` bytes can decode to at most: the shortest code has 5 bits. */
export const huffmanCapacity = (length: number): number => Math.ceil((length * 8) / 5);

/**
 * Decodes `bytes[start, end)` into `out` from its first byte. Returns the decoded length, or -1 when the string holds
 * the end-of-string symbol or its padding is not the start of it (RFC 7541 §5.2).
 */
export function decodeHuffman(bytes: Uint8Array, start: number, end: number, out: Uint8Array): number {
  let state = 0;
  let length = 0;
  for (let pos = start; pos < end; pos++) {
    const byte = bytes[pos] as number;
    const high = STEPS[state | (byte >> 4)] as number;
    if (high & EMITS) out[length++] = high & SYMBOL;
    const low = STEPS[(high >> STATE_SHIFT) | (byte & 15)] as number;
    if (low & EMITS) out[length++] = low & SYMBOL;
    // A dead state has no exit but itself, so one look per byte is enough.
    if (low & DEAD) return -1;
    state = low >> STATE_SHIFT;
  }
  return MAY_END[state >> 4] === 1 ? length : -1;
}

// One step of the decoder takes four bits: 256 states (the inner nodes of the code tree) by 16 inputs. The next state
// is stored already multiplied by 16, so that it only needs the next four bits added.
const STATE_SHIFT = 10;
const SYMBOL = 0xff;
const EMITS = 0x100;
const DEAD = 0x200;
/** No state leads on from here: reached through the end-of-string symbol. */
const DEAD_STATE = 256;

const CODES = huffmanCodes();
const { steps: STEPS, mayEnd: MAY_END } = decodingTables();

/** The code of each symbol, in as many low bits as its length says. */
export function huffmanCodes(): Uint32Array {
  const codes = new Uint32Array(CODE_LENGTHS.length);
  let next = 0;
  for (let bits = 1; bits <= 30; bits++) {
    next *= 2;
    CODE_LENGTHS.forEach((length, symbol) => {
      if (length === bits) codes[symbol] = next++;
    });
  }
  return codes;
}

/** Inner nodes are numbers from 0 (the root); a leaf is `-1 - symbol`. */
function codeTree(): [number, number][] {
  const tree: [number, number][] = [[0, 0]];
  CODES.forEach((code, symbol) => {
    let node = tree[0] as [number, number];
    for (let bit = (CODE_LENGTHS[symbol] as number) - 1; bit > 0; bit--) {
      const side = ((code >>> bit) & 1) as 0 | 1;
      if (node[side] === 0) node[side] = tree.push([0, 0]) - 1;
      node = tree[node[side]] as [number, number];
    }
    node[(code & 1) as 0 | 1] = -1 - symbol;
  });
  return tree;
}

function decodingTables(): { steps: Uint32Array; mayEnd: Uint8Array } {
  const tree = codeTree();
  const steps = new Uint32Array((DEAD_STATE + 1) * 16).fill(DEAD | (DEAD_STATE << (STATE_SHIFT + 4)));
  for (let state = 0; state < DEAD_STATE; state++)
    for (let input = 0; input < 16; input++) steps[state * 16 + input] = step(tree, state, input);
  const mayEnd = new Uint8Array(DEAD_STATE + 1);
  // Padding is up to seven of the ones that the end-of-string symbol begins with.
  for (let state = 0, ones = 0; ones < 8; ones++) {
    mayEnd[state] = 1;
    state = tree[state]?.[1] ?? 0;
  }
  return { steps, mayEnd };
}

function step(tree: readonly [number, number][], from: number, input: number): number {
  let state = from;
  let emitted = 0;
  for (let bit = 3; bit >= 0; bit--) {
    const next = tree[state]?.[((input >> bit) & 1) as 0 | 1] ?? 0;
    if (next === -1 - EOS) return DEAD | (DEAD_STATE << (STATE_SHIFT + 4));
    if (next < 0) emitted = EMITS | (-1 - next);
    state = Math.max(next, 0);
  }
  return emitted | (state << (STATE_SHIFT + 4));
}
