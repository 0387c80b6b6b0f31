import type { Limit } from '@eastwall/policy';

interface Limited {
  readonly rules: readonly { readonly name: string; readonly limits?: readonly Limit[] }[];
}

const MAX_RULES_TOLD = 10;

/**
 * What the limits of a valid policy do not hold, as the end of the message that says it is valid; empty for nothing.
 * A dataplane process has all connections of a pod, so only for pods it knows how many requests are under way.
 */
export function limitCaveat({ rules }: Limited): string {
  const wide = rules.filter(({ limits = [] }) =>
    limits.some(({ key, concurrency }) => concurrency !== undefined && key !== 'Pod'),
  );
  if (wide.length === 0) return '';
  const told = wide.slice(0, MAX_RULES_TOLD).map(({ name }) => `\`${name}\``);
  const more = wide.length - told.length;
  const names = told.join(', ') + (more > 0 ? ` and ${more} more` : '');
  return `; concurrency is counted by each dataplane process, not across them, unless its key is \`Pod\`: ${names}`;
}
