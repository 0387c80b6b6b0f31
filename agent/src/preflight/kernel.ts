import type { Abilities } from '../capture/abilities.ts';
import { type Check, fatal, fine, warning } from './check.ts';

/** What was found out by redirecting connections in a namespace made for the purpose. */
export function judgeAbilities(abilities: Abilities): Check[] {
  const { engine, problem, exemption } = abilities;
  const { zoneProblem, gateProblem, ownerProblem, guardProblem, inboundProblem, countProblem } = abilities;
  if (engine === null)
    return [
      fatal(
        'redirect',
        problem ?? 'nothing redirects here',
        'the node needs nf_tables with nft_chain_nat and nft_redir, or iptables; `modprobe nf_tables nft_chain_nat nft_redir`. If a namespace could not be made, the profile under `confinement` stands in the way (chart: `security`)',
      ),
    ];
  return [
    fine('redirect', `by ${engine.kind}, tried out`),
    exemption.kind === 'cgroup'
      ? fine('own connections', `known by cgroup: ${exemption.why}`)
      : warning(
          'own connections',
          `known by a secret mark: ${exemption.why}`,
          'it works so; on a node with cgroup v2 the agent is known by its cgroup, which no pod can guess',
        ),
    feature(
      'fail mode',
      gateProblem,
      'a pod whose agent is gone reaches nobody until the next one is there; a kernel from 5.15 on with nftables enforces it',
    ),
    feature(
      'listener owner',
      ownerProblem,
      'a process in a pod could take the agent’s port while no agent is there',
    ),
    feature(
      'packet guard',
      guardProblem,
      'pods with NET_RAW can write past the rules; drop NET_RAW from them',
    ),
    feature(
      'conntrack zone',
      zoneProblem,
      'where the agent’s connection was reset, one of the pod’s between the same two ends waits, for ten seconds at most; `modprobe xt_CT iptable_raw ip6table_raw` for iptables, a kernel with NF_CONNTRACK_ZONES for both',
    ),
    feature(
      'inbound leg',
      inboundProblem,
      'what pods are asked is not seen, whatever `inbound` says; it needs nftables',
    ),
    feature('counts', countProblem, 'what goes past the agent makes no finding; it needs nftables'),
  ];
}

const feature = (name: string, problem: string | null, todo: string): Check =>
  problem === null ? fine(name, 'done by the kernel, tried out') : warning(name, problem, todo);
