import type { Wish } from './wish.ts';

/**
 * The agent's connections are tracked in a conntrack zone of their own, in the direction of their first packet. Otherwise
 * they and the pod's would be one to conntrack where they follow each other between the same two ends: it remembers one
 * that was reset for ten seconds, and what begins then is not asked for by rules of NAT any more. The pod, which sees the
 * agent's ports in /proc, would get past the agent, and the agent's own would come back to it.
 *
 * Any number that nobody else uses in a pod.
 */
export const ZONE = 0x656f;

/**
 * Marks of agents' sockets, for rules that can't tell them by the cgroup of an agent before this one, whose connections go
 * on in their zone. Where agents are exempt by cgroup the mark is that of their listeners, which is handed over; it is
 * no exemption, so that whoever guesses it is redirected or dropped as before.
 */
export function marksApart({
  exemptions,
  listenerMark,
}: Pick<Wish, 'exemptions' | 'listenerMark'>): number[] {
  const marks = exemptions.map((one) => (one.kind === 'mark' ? one.mark : listenerMark));
  return [...new Set(marks)];
}
