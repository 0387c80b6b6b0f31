import { join } from 'node:path';
import type { TopologyInput } from '../../agent/src/sandbox/topology/schema.ts';

const file = (name: string): string => join(import.meta.dirname, name);

/** A caller and who has taken it over; `none` for one that nobody has. */
export interface Subject {
  readonly role: 'frontend' | 'recommender' | 'exporter' | 'reconcile' | 'support';
  readonly attack: string;
  /** Ids until the first finding that are allowed; null for what cannot be seen, and why. */
  readonly bar: number | null;
  readonly why?: string;
}

/** Days can't be compressed: who hides in the traffic of the first one is in what counts as usual. */
const FIRST_DAY = 'in the first day it makes itself usual';

export const SUBJECTS: readonly Subject[] = [
  { role: 'frontend', attack: 'none', bar: 0 },
  { role: 'recommender', attack: 'none', bar: 0 },
  { role: 'exporter', attack: 'none', bar: 0 },
  { role: 'reconcile', attack: 'none', bar: 0 },
  { role: 'support', attack: 'none', bar: 0 },
  { role: 'recommender', attack: 'burst', bar: 10 },
  { role: 'exporter', attack: 'burst', bar: 10 },
  { role: 'recommender', attack: 'slow', bar: null, why: FIRST_DAY },
  { role: 'frontend', attack: 'blended', bar: null, why: FIRST_DAY },
  { role: 'recommender', attack: 'shuffled', bar: 25 },
  { role: 'recommender', attack: 'sequential', bar: 25 },
  { role: 'recommender', attack: 'guessing', bar: 25 },
  { role: 'reconcile', attack: 'guessing', bar: 25 },
  { role: 'support', attack: 'burst', bar: 25 },
  { role: 'recommender', attack: 'harvested', bar: null, why: 'the ids were shown to it' },
];

export const nameOf = ({ role, attack }: Subject): string => `${role}-${attack}`;

/** Time is compressed: what is shown is remembered for seconds, and callers do in a minute what takes them hours. */
export function labTopology(): TopologyInput {
  return {
    nodes: ['node-a', 'node-b'],
    namespaces: [{ name: 'lab' }],
    agents: { args: ['--provenance', '6s', '--finding-quiet', '10s'] },
    pods: [
      {
        name: 'orders',
        namespace: 'lab',
        node: 'node-b',
        owner: 'Deployment',
        command: ['node', file('service.mjs')],
        ports: [8080],
      },
      ...SUBJECTS.map((subject) => ({
        name: nameOf(subject),
        namespace: 'lab',
        node: 'node-a',
        owner: 'Deployment' as const,
        command: ['sleep', 'infinity'],
        ready: 'started' as const,
      })),
    ],
    services: [
      {
        name: 'orders',
        namespace: 'lab',
        selector: { app: 'orders' },
        ports: [{ port: 80, targetPort: 8080 }],
      },
    ],
  };
}
