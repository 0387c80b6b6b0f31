import type { Protocol } from '../cluster/names.ts';
import type { H2Load } from './h2load.ts';
import { IDLE_CONNECTIONS } from './idle-connections.ts';
import type { StreamLoad } from './stream.ts';
import type { WrkLoad } from './wrk.ts';

/** One kind of traffic, the same for every subject. */
export type Scenario = LoadScenario | PacedScenario | IdleScenario;

export interface LoadScenario {
  readonly kind: 'load';
  readonly name: string;
  readonly what: string;
  readonly protocol: Protocol;
  readonly load: WrkLoad | H2Load | StreamLoad;
}

/** A load that nobody is saturated by: what is measured is the time that requests take. */
export interface PacedScenario {
  readonly kind: 'paced';
  readonly name: string;
  readonly what: string;
  readonly protocol: 'http1';
  readonly load: WrkLoad & { readonly pauseMs: number };
  /** Traffic without a pace; half of what the slower of those compared does of it is the pace. */
  readonly saturation: WrkLoad;
  /** Whoever can't keep the pace would only show its queue. */
  readonly subjects: readonly string[];
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

const HALF_LOAD = {
  kind: 'paced',
  protocol: 'http1',
  saturation: { ...SMALL_GET, connections: 16 },
  subjects: ['direct', 'haproxy', 'haproxy-intercepting', 'eastwall'],
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
    kind: 'load',
    name: 'opaque-stream',
    what: 'bytes that are no HTTP, 4 connections; a request stands for a MiB',
    protocol: 'tcp',
    load: { tool: 'stream', connections: 4 },
  },
  {
    kind: 'load',
    name: 'lone-get',
    what: 'small GETs over one kept connection: nobody waits for anybody',
    protocol: 'http1',
    load: { ...SMALL_GET, connections: 1 },
  },
  {
    ...HALF_LOAD,
    name: 'half-load',
    what: 'small GETs at half the rate that saturates, over kept connections that rest 5 ms after each',
    load: { ...SMALL_GET, pauseMs: 5 },
  },
  {
    ...HALF_LOAD,
    name: 'half-load-spread',
    what: 'small GETs at half the rate that saturates, that come a few at a time, as from callers of their own',
    load: { ...SMALL_GET, pauseMs: 5, threads: 4 },
  },
  {
    kind: 'idle',
    name: 'idle-connections',
    what: `${IDLE_CONNECTIONS.toLocaleString('en')} connections that made one request each and stay open`,
    protocol: 'http1',
    connections: IDLE_CONNECTIONS,
  },
];
