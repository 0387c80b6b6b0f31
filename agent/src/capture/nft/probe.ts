import type { Exemption } from '../wish.ts';
import { ZONE } from '../zone.ts';
import { type Command, chain, freshTable, rule, timedElement, timedSet } from './batch.ts';
import {
  equals,
  goTo,
  inSet,
  meta,
  payload,
  port,
  redirectTo,
  refuse,
  setZone,
  socketMark,
  verdict,
} from './expressions.ts';
import { GATE, isExempt, isForAgent } from './matches.ts';
import { packetGuard } from './packet-guard.ts';
import { gateElement, ruleset } from './ruleset.ts';
import { PRIORITY, TABLE } from './table.ts';

export interface ProbePorts {
  readonly target: number;
  readonly listener: number;
}

/** As in a pod, except that connections over loopback, to one port, are redirected: there is nothing else in a scratch namespace. */
export function probeRuleset(
  exemption: Exemption,
  { target, listener }: ProbePorts,
  gateMs: number,
): Command[] {
  const add = (chainName: string, comment: string, expressions: Parameters<typeof rule>[1]['expressions']) =>
    rule(TABLE, { chain: chainName, comment, expressions });
  return [
    ...freshTable(TABLE),
    timedSet(TABLE, GATE),
    timedElement(TABLE, gateElement(gateMs)),
    chain(TABLE, 'intercept', null),
    chain(TABLE, 'outbound', { type: 'nat', point: 'output', priority: -110 }),
    add('outbound', 'not TCP', [meta('transport'), equals(Uint8Array.of(6)), goTo('intercept')]),
    add('intercept', 'the agent itself', [...isExempt(exemption), verdict('return')]),
    add('intercept', 'to the agent', [
      payload('transport', 2, 2),
      equals(port(target)),
      meta('transport'),
      inSet(GATE),
      ...redirectTo(listener),
    ]),
  ];
}

/** The same, where connections of sockets with `mark` are exempt and tracked apart. */
export const zoneProbeRuleset = (mark: number, ports: ProbePorts, gateMs: number): Command[] => [
  ...probeRuleset({ kind: 'mark', mark }, ports, gateMs),
  chain(TABLE, 'apart', { type: 'filter', point: 'output', priority: PRIORITY.beforeConntrack }),
  rule(TABLE, {
    chain: 'apart',
    comment: 'the agent itself',
    expressions: [...isExempt({ kind: 'mark', mark }), ...setZone(ZONE)],
  }),
];

/** Nobody's socket but the agent's may be at the target's port: as in a pod, but for the port. */
export function ownerProbeRuleset(exemption: Exemption, mark: number, { target }: ProbePorts): Command[] {
  const add = (comment: string, expressions: Parameters<typeof rule>[1]['expressions']) =>
    rule(TABLE, { chain: 'listener', comment, expressions });
  const isTarget = [
    meta('transport'),
    equals(Uint8Array.of(6)),
    payload('transport', 2, 2),
    equals(port(target)),
  ];
  return [
    ...freshTable(TABLE),
    chain(TABLE, 'listener', { type: 'filter', point: 'input', priority: 0 }),
    add('a socket of the agent', [...isTarget, ...isForAgent(exemption, mark), verdict('return')]),
    add('a socket of somebody else', [...isTarget, socketMark(), refuse()]),
  ];
}

/** All that a pod has whose arrivals are observed. */
export const inboundProbeRuleset = ({ listener }: ProbePorts): Command[] =>
  ruleset(
    {
      v4: { mode: 'redirect', port: listener },
      v6: { mode: 'none' },
      exemptions: [],
      apart: false,
      makers: [],
      failMode: 'open',
      quic: 'refuse',
      listenerMark: 0,
      inbound: { mode: 'observe', port4: listener, port6: null, unserved: false, spared: [] },
      guard: null,
    },
    0,
  );

/** On loopback, which is all that a scratch namespace has, and where nothing marks what comes the ordinary way. */
export const guardProbeRuleset = (mark: number, gateMs: number): Command[] =>
  packetGuard({ devices: ['lo'], mark }, { exemptions: [], failMode: 'open' }, gateMs);
