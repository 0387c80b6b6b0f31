import type { Exemption } from '../wish.ts';
import { type Command, chain, freshTable, rule, timedElement, timedSet } from './batch.ts';
import { equals, goTo, inSet, meta, payload, port, redirectTo, verdict } from './expressions.ts';
import { GATE, gateElement, isExempt, TABLE } from './ruleset.ts';

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
