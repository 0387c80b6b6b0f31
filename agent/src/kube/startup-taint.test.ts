import { expect, it, vi } from 'vitest';
import { liveKube } from '../../testing/live-kube.ts';
import { removeStartupTaint } from './startup-taint.ts';

const KEY = 'eastwall.dev/agent-not-ready';
const OURS = { key: KEY, effect: 'NoSchedule' };
const THEIRS = { key: 'node.kubernetes.io/unreachable', effect: 'NoExecute' };

const node = (taints: readonly object[]) => ({
  apiVersion: 'v1',
  kind: 'Node',
  metadata: { name: 'node-a' },
  spec: { podCIDR: '10.244.1.0/24', taints },
});
const place = { node: 'node-a', key: KEY };
const never = new AbortController().signal;

async function withNode(taints: readonly object[]) {
  const kube = await liveKube();
  kube.store.apply(node(taints));
  const specOf = () => kube.store.get('nodes', undefined, 'node-a')?.['spec'];
  return { ...kube, specOf };
}

it('takes its own taint off the node, whatever its effect, and nothing else', async () => {
  await using kube = await withNode([OURS, THEIRS, { ...OURS, effect: 'NoExecute' }]);
  await removeStartupTaint(kube.context, place, never);
  expect(kube.specOf()).toEqual({ podCIDR: '10.244.1.0/24', taints: [THEIRS] });
  expect(kube.lines).toEqual(['the startup taint is off, pods may come']);
});

it('writes nothing where there is none', async () => {
  await using kube = await withNode([THEIRS]);
  const patch = vi.spyOn(kube.context.client, 'mergePatch');
  await removeStartupTaint(kube.context, place, never);
  expect(patch).not.toHaveBeenCalled();
});

it('loses no taint that somebody adds meanwhile', async () => {
  await using kube = await withNode([OURS]);
  const { client } = kube.context;
  const get = client.get.bind(client);
  vi.spyOn(client, 'get').mockImplementationOnce(async (...args) => {
    const found = await get(...args);
    kube.store.apply(node([OURS, THEIRS]));
    return found;
  });
  await removeStartupTaint(kube.context, place, never);
  expect(kube.specOf()).toMatchObject({ taints: [THEIRS] });
  expect(kube.lines).toEqual(['the startup taint is off, pods may come']);
});

it('says what keeps it from doing so, and tries until it is told to stop', async () => {
  await using kube = await liveKube();
  const stopping = new AbortController();
  const trying = removeStartupTaint(kube.context, place, stopping.signal);
  await vi.waitFor(() => expect(kube.lines.length).toBeGreaterThan(1), 10_000);
  stopping.abort();
  await trying;
  expect(new Set(kube.lines)).toEqual(new Set(['the startup taint can not be removed']));
});
