/** What follows from the evidence against a key, from nothing to refusing. */
export const TIERS = ['quiet', 'audit', 'alert', 'throttle', 'block'] as const;
export type Tier = (typeof TIERS)[number];

const RANK: Readonly<Record<Tier, number>> = { quiet: 0, audit: 1, alert: 2, throttle: 3, block: 4 };

export function isAtLeast(tier: Tier, other: Tier): boolean {
  return RANK[tier] >= RANK[other];
}

export function lowerOf(a: Tier, b: Tier): Tier {
  return RANK[a] <= RANK[b] ? a : b;
}

/** What speaks against a key; bits of one number, so that asking allocates nothing. */
export const SIGNAL = { provenance: 1, misses: 2, shape: 4, baseline: 8 } as const;
export type Signal = keyof typeof SIGNAL;

export function signalNames(bits: number): Signal[] {
  return (Object.keys(SIGNAL) as Signal[]).filter((name) => (bits & SIGNAL[name]) !== 0);
}

export function signalCount(bits: number): number {
  return (bits & 1) + ((bits >> 1) & 1) + ((bits >> 2) & 1) + ((bits >> 3) & 1);
}
