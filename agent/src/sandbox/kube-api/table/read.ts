import { isRecord } from '../object.ts';

/** The member at a dotted path of plain names, or undefined. */
export function at(value: unknown, path: string): unknown {
  let found = value;
  for (const field of path.split('.')) found = isRecord(found) ? found[field] : undefined;
  return found;
}

export function textAt(value: unknown, path: string, otherwise = ''): string {
  const found = at(value, path);
  return typeof found === 'string' || typeof found === 'number' || typeof found === 'boolean'
    ? String(found)
    : otherwise;
}

export function numberAt(value: unknown, path: string): number {
  const found = at(value, path);
  return typeof found === 'number' ? found : 0;
}

export function listAt(value: unknown, path: string): readonly unknown[] {
  const found = at(value, path);
  return Array.isArray(found) ? found : [];
}

/** Members of the map at `path`; 0 when there is none. */
export const sizeAt = (value: unknown, path: string): number => {
  const found = at(value, path);
  return isRecord(found) ? Object.keys(found).length : 0;
};

/** `a=1,b=2`, as `kubectl` shows selectors. */
export function pairsAt(value: unknown, path: string): string {
  const found = at(value, path);
  if (!isRecord(found)) return '<none>';
  const pairs = Object.entries(found).map(([key, member]) => `${key}=${String(member)}`);
  return pairs.length === 0 ? '<none>' : pairs.join(',');
}
