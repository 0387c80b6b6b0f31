import type { Load } from './wrk.ts';

/** One kind of traffic, the same for every subject. */
export type Scenario = LoadScenario | IdleScenario;

export interface LoadScenario {
  readonly kind: 'load';
  readonly name: string;
  readonly what: string;
  readonly load: Load;
}

/** Opens connections, makes one request on each and holds them: what is measured is memory. */
export interface IdleScenario {
  readonly kind: 'idle';
  readonly name: string;
  readonly what: string;
  readonly connections: number;
}

const MIB = 1024 * 1024;
const SMALL_GET = {
  method: 'GET',
  path: '/v1/items/7',
  connections: 32,
  bodyBytes: 0,
  keepAlive: true,
} as const;

export const SCENARIOS: readonly Scenario[] = [
  {
    kind: 'load',
    name: 'keepalive-get',
    what: 'small GETs over 32 kept connections',
    load: SMALL_GET,
  },
  {
    kind: 'load',
    name: 'connection-per-request',
    what: 'small GETs, 32 at a time, each on a connection of its own',
    load: { ...SMALL_GET, keepAlive: false },
  },
  {
    kind: 'load',
    name: 'body-1mib-down',
    what: 'GETs of 1 MiB over 8 kept connections',
    load: { ...SMALL_GET, path: '/v1/blobs/7', connections: 8 },
  },
  {
    kind: 'load',
    name: 'body-1mib-up',
    what: 'PUTs of 1 MiB over 8 kept connections',
    load: { ...SMALL_GET, method: 'PUT', path: '/v1/uploads/7', connections: 8, bodyBytes: MIB },
  },
  {
    kind: 'idle',
    name: 'idle-connections',
    what: '9,000 connections that made one request each and stay open',
    // Two descriptors each in every proxy, and 20,000 is all that some machines allow a process.
    connections: 9_000,
  },
];
