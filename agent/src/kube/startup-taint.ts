import { objectAt, objectsAt, textAt } from '../identity/json.ts';
import { Backoff } from '../kernel/backoff.ts';
import { pause } from '../kernel/pause.ts';
import { ok, type Result } from '../kernel/result.ts';
import type { KubeFailure } from './failure.ts';
import type { WatchContext } from './watch.ts';

export interface TaintedNode {
  readonly node: string;
  /** Key of the taint that keeps pods off a node until its agent is ready. */
  readonly key: string;
}

/** Takes the taint off the node, as often as it takes; ends early with the signal. */
export async function removeStartupTaint(
  context: Pick<WatchContext, 'client' | 'log' | 'random' | 'settings'>,
  place: TaintedNode,
  signal: AbortSignal,
): Promise<void> {
  const { log, random, settings } = context;
  const backoff = new Backoff({ firstMs: settings.retryFirstMs, maxMs: settings.retryMaxMs, random });
  while (!signal.aborted) {
    const removed = await attempt(context, place, signal);
    if (removed.ok) {
      if (removed.value) log.info({ ...place }, 'the startup taint is off, pods may come');
      return;
    }
    // Whoever else has changed the node meanwhile is no trouble.
    if (removed.error.status !== CONFLICT && !signal.aborted)
      log.warn({ ...place, problem: removed.error.message }, 'the startup taint can not be removed');
    await pause(backoff.next(), signal);
  }
}

const CONFLICT = 409;

/** Whether it was there. */
async function attempt(
  { client }: Pick<WatchContext, 'client'>,
  { node, key }: TaintedNode,
  signal: AbortSignal,
): Promise<Result<boolean, KubeFailure>> {
  const path = `/api/v1/nodes/${node}`;
  const found = await client.get(path, {}, signal);
  if (!found.ok) return found;
  const all = objectsAt(objectAt(found.value, 'spec'), 'taints');
  const taints = all.filter((taint) => textAt(taint, 'key') !== key);
  if (taints.length === all.length) return ok(false);
  // A merge patch replaces the list, so the version keeps a taint that somebody has just added from being lost.
  const resourceVersion = textAt(objectAt(found.value, 'metadata'), 'resourceVersion');
  const patched = await client.mergePatch(path, { metadata: { resourceVersion }, spec: { taints } }, signal);
  return patched.ok ? ok(true) : patched;
}
