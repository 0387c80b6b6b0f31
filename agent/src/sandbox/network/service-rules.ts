import { createHash } from 'node:crypto';
import type { EndpointSlice, Service, ServicePort } from '../cluster/objects.ts';
import { readyEndpoints } from '../controllers/endpoint-slices.ts';
import { hostPrefix, isV6 } from './addresses.ts';

/** Set on what a pod sends to itself through a Service, which has to come back the same way. */
const MASQUERADE_MARK = '0x4000/0x4000';
const PROTOCOLS: ReadonlySet<string> = new Set(['TCP', 'UDP']);

export interface ServiceRulesInput {
  readonly services: readonly Service[];
  /** By `namespace/service`. */
  readonly slices: ReadonlyMap<string, readonly EndpointSlice[]>;
}

interface Frontend {
  readonly chain: string;
  readonly match: string;
  /** The same for its node port; null without one. */
  readonly atNode: string | null;
  readonly protocol: string;
  readonly targets: readonly { readonly ip: string; readonly port: number }[];
}

/**
 * Input for `iptables-restore` (or its IPv6 twin): the whole nat and filter tables of a node, so that one run
 * replaces them in one step. Services are balanced at random over their ready endpoints.
 */
export function serviceRules(input: ServiceRulesInput, ipv6: boolean): string {
  const frontends = input.services.flatMap((service) => frontendsOf(service, input, ipv6));
  const served = frontends.filter(({ targets }) => targets.length > 0);
  const empty = frontends.filter(({ targets }) => targets.length === 0);
  const chains = served.flatMap(({ chain, targets }) => [
    chain,
    ...targets.map((_, i) => targetChain(chain, i)),
  ]);
  return `${[
    '*nat',
    ':PREROUTING ACCEPT [0:0]',
    ':INPUT ACCEPT [0:0]',
    ':OUTPUT ACCEPT [0:0]',
    ':POSTROUTING ACCEPT [0:0]',
    ':SERVICES - [0:0]',
    ...chains.map((chain) => `:${chain} - [0:0]`),
    '-A PREROUTING -j SERVICES',
    '-A OUTPUT -j SERVICES',
    `-A POSTROUTING -m mark --mark ${MASQUERADE_MARK} -j MASQUERADE`,
    ...served.map(({ match, chain }) => `-A SERVICES ${match} -j ${chain}`),
    ...served.flatMap(nodePortRules),
    ...served.flatMap(balance),
    'COMMIT',
    '*filter',
    ':INPUT ACCEPT [0:0]',
    ':FORWARD ACCEPT [0:0]',
    ':OUTPUT ACCEPT [0:0]',
    ...empty.flatMap(refuse),
    'COMMIT',
  ].join('\n')}\n`;
}

function frontendsOf(service: Service, { slices }: ServiceRulesInput, ipv6: boolean): Frontend[] {
  const { namespace, name } = service.metadata;
  const ip = service.spec.clusterIPs?.find((one) => one !== 'None' && isV6(one) === ipv6);
  if (ip === undefined) return [];
  const behind = slices.get(`${namespace}/${name}`) ?? [];
  return (service.spec.ports ?? [])
    .filter(({ protocol = 'TCP' }) => PROTOCOLS.has(protocol))
    .map((port) => {
      const protocol = (port.protocol ?? 'TCP').toLowerCase();
      const to = (where: string, number: number) =>
        `${where} -p ${protocol} -m ${protocol} --dport ${number}`;
      return {
        chain: `SVC-${shortHash(`${namespace}/${name}:${port.name ?? ''}:${port.port}:${protocol}`)}`,
        match: to(`-d ${hostPrefix(ip)}`, port.port),
        atNode: port.nodePort === undefined ? null : to('-m addrtype --dst-type LOCAL', port.nodePort),
        protocol,
        targets: targetsOf(behind, port, ipv6),
      };
    });
}

const targetsOf = (slices: readonly EndpointSlice[], port: ServicePort, ipv6: boolean): Frontend['targets'] =>
  readyEndpoints(slices)
    .filter(({ ip }) => isV6(ip) === ipv6)
    .flatMap(({ ip, slice }) => {
      const target = slice.ports?.find(({ name = '' }) => name === (port.name ?? ''))?.port;
      return target === undefined ? [] : [{ ip, port: target }];
    });

function balance({ chain, protocol, targets }: Frontend): string[] {
  return targets.flatMap(({ ip, port }, index) => {
    const left = targets.length - index;
    const chance = left > 1 ? `-m statistic --mode random --probability ${(1 / left).toFixed(10)} ` : '';
    const own = targetChain(chain, index);
    return [
      `-A ${chain} ${chance}-j ${own}`,
      `-A ${own} -s ${hostPrefix(ip)} -j MARK --set-xmark ${MASQUERADE_MARK}`,
      `-A ${own} -p ${protocol} -j DNAT --to-destination ${isV6(ip) ? `[${ip}]` : ip}:${port}`,
    ];
  });
}

/** Masqueraded, since the pod behind may be on a third node, which would answer past this one. */
const nodePortRules = ({ atNode, chain }: Frontend): string[] =>
  atNode === null
    ? []
    : [`-A SERVICES ${atNode} -j MARK --set-xmark ${MASQUERADE_MARK}`, `-A SERVICES ${atNode} -j ${chain}`];

/** A reset rather than the ICMP message that kube-proxy sends: the kernel limits how many of those it sends a second. */
const refuse = ({ match, protocol }: Frontend): string[] =>
  ['FORWARD', 'OUTPUT'].map(
    (hook) => `-A ${hook} ${match} -j REJECT${protocol === 'tcp' ? ' --reject-with tcp-reset' : ''}`,
  );

/** Chain names have room for 28 bytes. */
const targetChain = (chain: string, index: number): string => `${chain}-${index}`;
const shortHash = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 12);
