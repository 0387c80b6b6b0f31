/** Shells that are told how to complete our commands. */
export const SHELLS = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof SHELLS)[number];

/** The hidden command that they ask: `eastwall __complete findings --out`. */
export const COMPLETE = '__complete';
