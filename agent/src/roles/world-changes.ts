import type { World } from '../decide/world.ts';
import type { ToDataplane } from '../ipc/messages.ts';

/** What control says of the cluster. */
export type WorldChange = Extract<
  ToDataplane,
  { kind: 'services' | 'slices' | 'nodes' | 'policies' | 'egress-policies' }
>;

export function changeWorld(world: World, change: WorldChange): void {
  const { directory } = world;
  switch (change.kind) {
    case 'services':
      for (const key of change.remove) directory.removeService(key);
      for (const entry of change.upsert) directory.upsertService(entry);
      world.touch();
      break;
    case 'slices':
      for (const key of change.remove) directory.removeSlice(key);
      for (const entry of change.upsert) directory.upsertSlice(entry);
      world.touch();
      break;
    case 'nodes':
      for (const name of change.remove) directory.removeNode(name);
      for (const entry of change.upsert) directory.upsertNode(entry);
      world.touch();
      break;
    case 'policies':
      world.replacePolicies(world.policies.with(change));
      break;
    case 'egress-policies':
      world.replaceEgress(world.egress.with(change));
      break;
  }
}
