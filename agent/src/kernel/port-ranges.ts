import { err, ok, type Result } from './result.ts';

/** Ports from one to another, both included. */
export interface PortRange {
  readonly from: number;
  readonly to: number;
}

export type PortRanges = readonly PortRange[];

/** Each is looked at for each new connection. */
const MAX_RANGES = 64;
const MAX_PORT = 65_535;

/** `25,3306,8000-8010`; empty for none. */
export function parsePortRanges(text: string): Result<PortRanges, string> {
  const items = text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');
  if (items.length > MAX_RANGES) return err(`more than ${MAX_RANGES} ports or ranges`);
  const ranges: PortRange[] = [];
  for (const item of items) {
    const range = parseRange(item);
    if (range === null) return err(`\`${item}\` is neither a port nor a range such as \`8000-8010\``);
    ranges.push(range);
  }
  return ok(ranges);
}

export function includesPort(ranges: PortRanges, port: number): boolean {
  for (const { from, to } of ranges) if (port >= from && port <= to) return true;
  return false;
}

function parseRange(item: string): PortRange | null {
  const match = /^(\d{1,5})(?:\s*-\s*(\d{1,5}))?$/.exec(item);
  if (match === null) return null;
  const from = Number(match[1]);
  const to = match[2] === undefined ? from : Number(match[2]);
  return from >= 1 && from <= to && to <= MAX_PORT ? { from, to } : null;
}
