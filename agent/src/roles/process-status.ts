/** Which privileges a process holds, from `/proc/<pid>/status`. Capability sets are masks, one bit per capability. */
export interface ProcessStatus {
  readonly uid: number;
  readonly effective: bigint;
  readonly permitted: bigint;
  readonly bounding: bigint;
  readonly noNewPrivileges: boolean;
}

/** Numbers from the kernel's `linux/capability.h`. */
export const CAPABILITY = {
  kill: 5,
  setgid: 6,
  setuid: 7,
  setpcap: 8,
  netAdmin: 12,
  sysAdmin: 21,
} as const;

export const holds = (mask: bigint, capability: number): boolean =>
  ((mask >> BigInt(capability)) & 1n) === 1n;

/** Reads proc(5)'s `status` text; a field that is missing reads as the most privileged value, never as the least. */
export function parseProcessStatus(text: string): ProcessStatus {
  const field = (name: string) => new RegExp(`^${name}:\\s*(\\S+)`, 'm').exec(text)?.[1];
  const mask = (name: string) => BigInt(`0x${field(name) ?? 'ffffffffffffffff'}`);
  return {
    uid: Number(field('Uid') ?? 0),
    effective: mask('CapEff'),
    permitted: mask('CapPrm'),
    bounding: mask('CapBnd'),
    noNewPrivileges: field('NoNewPrivs') === '1',
  };
}

/** True when the id exists in the user namespace that `map` (`/proc/<pid>/uid_map`) describes. */
export function mapsId(map: string, id: number): boolean {
  return map
    .trim()
    .split('\n')
    .some((line) => {
      const [first = Number.NaN, , length = 0] = line.trim().split(/\s+/).map(Number);
      return id >= first && id < first + length;
    });
}

/** No capability in any set that counts, and no way to gain one. */
export const isPowerless = ({ effective, permitted, noNewPrivileges }: ProcessStatus): boolean =>
  effective === 0n && permitted === 0n && noNewPrivileges;
