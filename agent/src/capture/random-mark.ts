import { randomInt } from 'node:crypto';

/** Never 0, which is the mark of every socket that has none. */
export const randomMark = (): number => randomInt(1, 2 ** 32);
