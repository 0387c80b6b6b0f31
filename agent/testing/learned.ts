import { SAVED_NUMBERS, type SavedOperation } from '@eastwall/policy';
import type { LearnedBaseline, LearnedOperation, LearnedProtocol } from '../src/record/learned.ts';

const saved: SavedOperation = {
  method: 'GET',
  name: '',
  segments: ['orders', ['int', 0]],
  fixed: false,
  seen: 12,
  lastSeen: 1_000,
  shapes: [77],
  shapeless: false,
};

export const aLearnedOperation = (changes: Partial<SavedOperation> = {}): LearnedOperation => ({
  kind: 'operation',
  namespace: 'shop',
  service: 'orders',
  port: 80,
  key: -5,
  saved: { ...saved, ...changes },
});

export const aLearnedProtocol = (changes: Partial<LearnedProtocol> = {}): LearnedProtocol => ({
  kind: 'protocol',
  destination: 'shop/orders:80',
  connections: 60,
  ageMs: 3_600_000,
  drifts: 0,
  ...changes,
});

/** Of a caller and an operation that are known by `high` and `low`, with so many requests. */
export const aLearnedBaseline = (high = 1, requests = 500): LearnedBaseline => ({
  kind: 'baseline',
  settings: 99,
  numbers: Array.from({ length: SAVED_NUMBERS }, (_, at) => (at === 0 ? high : at === 4 ? requests : 2)),
});
