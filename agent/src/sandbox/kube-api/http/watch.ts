import type { ObjectEvent } from '../history.ts';
import type { KubeObject } from '../object.ts';
import { resourceName } from '../resource.ts';
import { badRequest, expired, type StatusError, tooNewVersion, toStatus } from '../status-error.ts';
import type { ObjectStore } from '../store.ts';
import { type ApiReply, type ApiRequest, failure, type WatchEvent, type WatchSink } from './exchange.ts';
import type { Presenter } from './present.ts';
import { parseSelection, type Selection } from './selection.ts';
import type { Target } from './target.ts';

export interface WatchSettings {
  /** Between two BOOKMARK events for the watches that allow them. */
  readonly bookmarkIntervalMs: number;
  /** Ends a watch that asks for no `timeoutSeconds`. */
  readonly maxWatchSeconds: number;
  /** How a watch from a forgotten version is refused: an ERROR event, as the real server does, or HTTP 410. */
  readonly expiredWatch: 'event' | 'http';
}

interface Watch {
  readonly store: ObjectStore;
  readonly target: Target;
  readonly selection: Selection;
  readonly presenter: Presenter;
  readonly settings: WatchSettings;
  readonly bookmarks: boolean;
  readonly timeoutMs: number;
}

/** GET with `watch=true`: what happens from a version on, or the current objects first and then what happens. */
export function watchObjects(
  store: ObjectStore,
  target: Target,
  context: { readonly request: ApiRequest; readonly presenter: Presenter; readonly settings: WatchSettings },
): ApiReply {
  const { query } = context.request;
  const selection = parseSelection(target, query);
  if (!selection.ok) return failure(selection.error);
  const asked = query.get('resourceVersion') ?? '';
  const from = Number(asked);
  if (!Number.isInteger(from) || from < 0) return failure(badRequest(`invalid resourceVersion \`${asked}\``));
  if (from > store.version) return failure(tooNewVersion(from, store.version));
  const watch: Watch = {
    store,
    target,
    selection: selection.value,
    presenter: context.presenter,
    settings: context.settings,
    bookmarks: isSet(query, 'allowWatchBookmarks'),
    timeoutMs: timeoutOf(query, context.settings.maxWatchSeconds),
  };
  if (isSet(query, 'sendInitialEvents')) return fromState(watch, { endMark: true });
  return from === 0 ? fromState(watch, { endMark: false }) : fromVersion(watch, from);
}

const isSet = (query: URLSearchParams, name: string): boolean =>
  ['true', '1'].includes(query.get(name) ?? '');

/** A timer can't wait longer; Node would fire it at once. */
const MAX_TIMER_MS = 2 ** 31 - 1;

function timeoutOf(query: URLSearchParams, defaultSeconds: number): number {
  const asked = Number(query.get('timeoutSeconds') ?? '0');
  return Math.min(1000 * (asked > 0 ? asked : defaultSeconds), MAX_TIMER_MS);
}

/** Every current object as ADDED, then live; `endMark` tells the client where the first part ends. */
function fromState(watch: Watch, { endMark }: { readonly endMark: boolean }): ApiReply {
  return {
    kind: 'watch',
    start: (sink) => {
      const objects = watch.store.list(resourceName(watch.target.resource)).filter(watch.selection);
      for (const object of objects) sink.event({ type: 'ADDED', object: watch.presenter.one(object) });
      if (endMark) sink.event(bookmark(watch, { 'k8s.io/initial-events-end': 'true' }));
      return follow(watch, sink);
    },
  };
}

function fromVersion(watch: Watch, version: number): ApiReply {
  const missed = watch.store.eventsSince(resourceName(watch.target.resource), version);
  if (missed !== undefined) {
    return {
      kind: 'watch',
      // Read again: writes may have happened between the answer's head and its stream.
      start: (sink) => replay(watch, version, sink),
    };
  }
  const error = tooOld(version, watch.store.version);
  return watch.settings.expiredWatch === 'http'
    ? failure(error)
    : { kind: 'watch', start: (sink) => refuse(sink, error) };
}

const tooOld = (version: number, current: number): StatusError =>
  expired(`too old resource version: ${version} (${current})`);

function replay(watch: Watch, version: number, sink: WatchSink): () => void {
  const missed = watch.store.eventsSince(resourceName(watch.target.resource), version);
  if (missed === undefined) return refuse(sink, tooOld(version, watch.store.version));
  for (const event of missed) forward(watch, event, sink);
  return follow(watch, sink);
}

function refuse(sink: WatchSink, error: StatusError): () => void {
  sink.event({ type: 'ERROR', object: toStatus(error) });
  sink.end();
  return () => {};
}

/** Sends what happens from now on; returns what stops it. */
function follow(watch: Watch, sink: WatchSink): () => void {
  const unsubscribe = watch.store.subscribe(resourceName(watch.target.resource), (event) =>
    forward(watch, event, sink),
  );
  const mark = setInterval(() => {
    if (watch.bookmarks) sink.event(bookmark(watch));
  }, watch.settings.bookmarkIntervalMs);
  const stop = () => {
    unsubscribe();
    clearInterval(mark);
    clearTimeout(deadline);
  };
  const deadline = setTimeout(() => {
    stop();
    // The client resumes from here instead of from its last event.
    if (watch.bookmarks) sink.event(bookmark(watch));
    sink.end();
  }, watch.timeoutMs);
  return stop;
}

function forward(watch: Watch, event: ObjectEvent, sink: WatchSink): void {
  const selected = select(event, watch.selection);
  if (selected === undefined) return;
  sink.event({ type: selected.type, object: watch.presenter.one(selected.object) });
}

/** An object that starts to match is ADDED for this watcher, one that stops is DELETED in its last matching state. */
export function select(
  event: ObjectEvent,
  selection: Selection,
): { readonly type: ObjectEvent['type']; readonly object: KubeObject } | undefined {
  const before = event.previous !== undefined && selection(event.previous);
  const after = event.type !== 'DELETED' && selection(event.object);
  if (!before && !after) return undefined;
  if (after) return { type: before ? 'MODIFIED' : 'ADDED', object: event.object };
  return { type: 'DELETED', object: atVersionOf(event.previous ?? event.object, event.object) };
}

/** A DELETED event carries the old state at the version of the change, so that a resume starts behind it. */
function atVersionOf(state: KubeObject, change: KubeObject): KubeObject {
  const { resourceVersion } = change.metadata;
  return { ...state, metadata: { ...state.metadata, resourceVersion } };
}

function bookmark(watch: Watch, annotations?: Readonly<Record<string, string>>): WatchEvent {
  return {
    type: 'BOOKMARK',
    object: {
      kind: watch.target.resource.kind,
      apiVersion: watch.target.apiVersion,
      metadata: {
        resourceVersion: String(watch.store.version),
        ...(annotations === undefined ? {} : { annotations }),
      },
    },
  };
}
