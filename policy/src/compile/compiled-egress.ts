import { type Cidr, parseCidr } from '../address/cidr.ts';
import type { EgressPolicy, EgressSelector } from '../model/egress-policy.ts';
import type { Workload } from '../model/workload.ts';
import { matchesCaller } from './caller-match.ts';
import {
  type CompiledOperation,
  type CompiledRules,
  compileOperation,
  compileRules,
} from './compiled-rules.ts';

/** One entry of `to`; null means all. */
export interface CompiledReach {
  readonly hosts: readonly string[] | null;
  readonly cidrs: readonly Cidr[] | null;
  readonly ports: readonly number[] | null;
  readonly operation: CompiledOperation;
}

/** An EgressPolicy made ready once, and shared by every set and every profile that it is part of. */
export interface CompiledEgress extends CompiledRules<CompiledReach> {
  readonly source: EgressPolicy;
}

const EVERYWHERE = compileSelector({});

/** Throws when a template or a network is invalid: a parsed policy has none, so that is a bug of whoever built it. */
export function compileEgress(source: EgressPolicy, serial: number): CompiledEgress {
  return {
    ...compileRules(source, serial, { name: 'egress', compile: compileSelector, everything: EVERYWHERE }),
    source,
  };
}

/** Whether the policy says anything about the connections of this caller. */
export function governs({ source }: CompiledEgress, caller: Workload): boolean {
  const { mode, namespace, from } = source;
  if (mode === 'Off' || namespace !== caller.namespace) return false;
  return from === undefined || from.some((selector) => matchesCaller(selector, namespace, caller));
}

function compileSelector(selector: EgressSelector): CompiledReach {
  const { hosts = null, cidrs, ports = null } = selector;
  return {
    hosts,
    cidrs: cidrs === undefined ? null : cidrs.map(cidrOf),
    ports,
    operation: compileOperation(selector),
  };
}

function cidrOf(text: string): Cidr {
  const cidr = parseCidr(text);
  if (typeof cidr === 'string') throw new Error(`network \`${text}\`: ${cidr}`);
  return cidr;
}
