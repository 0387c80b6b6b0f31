import type { TestAgent } from './agent.ts';
import { Pod } from './pod.ts';

export const PORT = 8080;

/** A pod with a server, which an agent observes. */
export async function server(agent: TestAgent): Promise<{ pod: Pod; ns: number; observe(): Promise<void> }> {
  const pod = new Pod();
  const { ns } = await agent.enrolled(pod.name);
  await agent.serve(ns);
  await pod.startApp();
  await pod.listen('0.0.0.0', PORT);
  await pod.listen(pod.ip6, PORT);
  return {
    pod,
    ns,
    observe: async () => {
      agent.client.inbound(ns, true);
      await agent.observed(ns);
    },
  };
}

/** Who calls from where no agent is. */
export async function client(): Promise<Pod> {
  const pod = new Pod({ watched: false });
  await pod.startApp();
  return pod;
}

export const both = ({ ip4, ip6 }: Pod): [string, string] => [ip4, ip6];
