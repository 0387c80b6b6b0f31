import type { Protocol } from '../cluster/names.ts';
import type { H2Load } from './h2load.ts';
import type { WrkLoad } from './wrk.ts';

/** One kind of traffic, the same for every subject. */
export type Scenario = LoadScenario | IdleScenario;

export interface LoadScenario {
  readonly kind: 'load';
  readonly name: string;
  readonly what: string;
  readonly protocol: Protocol;
  readonly load: WrkLoad | H2Load;
}

/** Opens connections, makes one request on each and holds them: what is measured is memory. */
export interface IdleScenario {
  readonly kind: 'idle';
  readonly name: string;
  readonly what: string;
  readonly protocol: Protocol;
  readonly connections: number;
}

const MIB = 1024 * 1024;
const SMALL_GET = {
  tool: 'wrk',
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
    protocol: 'http1',
    load: SMALL_GET,
  },
  {
    kind: 'load',
    name: 'connection-per-request',
    what: 'small GETs, 32 at a time, each on a connection of its own',
    protocol: 'http1',
    load: { ...SMALL_GET, keepAlive: false },
  },
  {
    kind: 'load',
    name: 'body-1mib-down',
    what: 'GETs of 1 MiB over 8 kept connections',
    protocol: 'http1',
    load: { ...SMALL_GET, path: '/v1/blobs/7', connections: 8 },
  },
  {
    kind: 'load',
    name: 'body-1mib-up',
    what: 'PUTs of 1 MiB over 8 kept connections',
    protocol: 'http1',
    load: { ...SMALL_GET, method: 'PUT', path: '/v1/uploads/7', connections: 8, bodyBytes: MIB },
  },
  {
    kind: 'load',
    name: 'h2c-get',
    what: 'small GETs over HTTP/2, 8 connections with 16 streams each',
    protocol: 'h2c',
    load: { tool: 'h2load', path: '/v1/items/7', connections: 8, streams: 16 },
  },
  {
    kind: 'idle',
    name: 'idle-connections',
    what: '9,000 connections that made one request each and stay open',
    protocol: 'http1',
    // Two descriptors each in every proxy, and 20,000 is all that some machines allow a process.
    connections: 9_000,
  },
];
