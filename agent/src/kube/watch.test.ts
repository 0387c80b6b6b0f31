import { expect, test, vi } from 'vitest';
import { textAt } from '../identity/json.ts';
import { systemClock } from '../kernel/clock.ts';
import { err, ok, type Result } from '../kernel/result.ts';
import type { KubeClient, Query, WatchCall } from './client.ts';
import { idle, type KubeFailure, refusal, unreachable } from './failure.ts';
import { ResourceWatch, WATCH_DEFAULTS, type WatchSettings, type WatchSpec } from './watch.ts';
import type { WatchEvent } from './watch-stream.ts';

type Event = Result<WatchEvent, KubeFailure>;

/** A kube API that answers each call with the next line of a script, and then says nothing more. */
class ScriptedKube implements KubeClient {
  readonly calls: { readonly kind: 'get' | 'watch'; readonly query: Query }[] = [];
  readonly #lists: Result<unknown, KubeFailure>[];
  readonly #watches: Event[][];

  constructor(lists: Result<unknown, KubeFailure>[], watches: Event[][]) {
    this.#lists = lists;
    this.#watches = watches;
  }

  async get(_: string, query: Query, signal: AbortSignal): Promise<Result<unknown, KubeFailure>> {
    this.calls.push({ kind: 'get', query });
    const answer = this.#lists.shift();
    if (answer !== undefined) return answer;
    await silence(signal);
    return err(unreachable('aborted'));
  }

  async *watch(_: string, call: WatchCall): AsyncGenerator<Event> {
    this.calls.push({ kind: 'watch', query: call.query });
    const events = this.#watches.shift();
    yield* events ?? [];
    if (events === undefined) await silence(call.signal);
  }

  async create(): Promise<Result<unknown, KubeFailure>> {
    throw new Error('nobody creates here');
  }

  async mergePatch(): Promise<Result<unknown, KubeFailure>> {
    throw new Error('a watch never writes');
  }
}

const silence = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));

const thing = (name: string, version: number) => ({ metadata: { name, resourceVersion: `${version}` } });
const list = (version: number, items: unknown[], token = '') =>
  ok({ metadata: { resourceVersion: `${version}`, continue: token }, items });
const event = (type: WatchEvent['type'], name: string, version: number): Event =>
  ok({ type, object: thing(name, version) });
const opened: Event = ok({ type: 'OPENED', object: null });
const gone: Event = err(refusal(410, { reason: 'Expired', message: 'too old' }));
const down = err(unreachable(new Error('connection refused')));

const NOW: WatchSettings = { ...WATCH_DEFAULTS, retryFirstMs: 0, retryMaxMs: 0, absentRetryMs: 0 };

function watching(kube: KubeClient, spec: Partial<WatchSpec<string>> = {}) {
  const told: string[] = [];
  const log: string[] = [];
  const write = (_: object, message: string) => void log.push(message);
  const watch = new ResourceWatch<string>(
    {
      client: kube,
      clock: systemClock,
      log: { info: write, warn: write, error: write },
      random: () => 0,
      settings: NOW,
    },
    {
      path: '/api/v1/things',
      project: (json) => ok(textAt((json as ReturnType<typeof thing>).metadata, 'resourceVersion')),
      handlers: {
        synced: () => told.push('synced'),
        upsert: (key, value) => told.push(`+${key}@${value}`),
        remove: (key) => told.push(`-${key}`),
      },
      ...spec,
    },
  );
  const running = watch.start();
  const stop = async () => {
    await watch.stop();
    await running;
  };
  return { watch, told, log, [Symbol.asyncDispose]: stop };
}

test('lists in pages, then watches from the version of the list', async () => {
  const kube = new ScriptedKube(
    [list(5, [thing('a', 1)], 'next'), list(5, [thing('b', 2)])],
    [[opened, event('ADDED', 'c', 6), event('DELETED', 'a', 7)]],
  );
  await using run = watching(kube, { query: { fieldSelector: 'spec.nodeName=n1' } });
  await vi.waitUntil(() => kube.calls.length === 4);
  expect(run.told).toEqual(['+a@1', '+b@2', 'synced', '+c@6', '-a']);
  expect(
    kube.calls.map(({ query }) => [query['fieldSelector'], query['continue'], query['resourceVersion']]),
  ).toEqual([
    ['spec.nodeName=n1', undefined, undefined],
    ['spec.nodeName=n1', 'next', undefined],
    ['spec.nodeName=n1', undefined, '5'],
    ['spec.nodeName=n1', undefined, '7'],
  ]);
  expect(kube.calls[2]?.query).toMatchObject({
    watch: 'true',
    allowWatchBookmarks: 'true',
    timeoutSeconds: '300',
  });
});

test('goes on from the last bookmark', async () => {
  const kube = new ScriptedKube([list(5, [])], [[opened, event('BOOKMARK', '', 90)]]);
  await using run = watching(kube);
  await vi.waitUntil(() => kube.calls.length === 3);
  expect(kube.calls[2]?.query['resourceVersion']).toBe('90');
  expect(run.told).toEqual(['synced']);
});

test.each([
  ['in the stream', [opened, gone]],
  ['at once', [gone]],
])('lists again when the version is gone (%s), telling only differences', async (_, answer) => {
  const kube = new ScriptedKube(
    [list(5, [thing('a', 1), thing('b', 2)]), list(9, [thing('b', 2), thing('c', 8)])],
    [answer],
  );
  await using run = watching(kube);
  await vi.waitUntil(() => kube.calls.length === 4);
  expect(run.told).toEqual(['+a@1', '+b@2', 'synced', '+c@8', '-a', 'synced']);
  expect(run.watch.status()).toMatchObject({ lists: 2, objects: 2, problem: null });
});

test('starts a list again when its next page is gone', async () => {
  const expired = err(refusal(410, { reason: 'Expired' }));
  const kube = new ScriptedKube([list(5, [thing('a', 1)], 'next'), expired, list(9, [thing('b', 2)])], []);
  await using run = watching(kube);
  await vi.waitUntil(() => kube.calls.length === 4);
  expect(run.told).toEqual(['+a@1', '+b@2', '-a', 'synced']);
});

test('removes nothing while the API server is away, and says so once', async () => {
  const kube = new ScriptedKube([list(5, [thing('a', 1)])], [[opened], [down], [down], [down], [opened]]);
  await using run = watching(kube);
  await vi.waitUntil(() => kube.calls.length === 7);
  expect(run.told).toEqual(['+a@1', 'synced']);
  expect(kube.calls.slice(1).every(({ kind }) => kind === 'watch')).toBe(true);
  expect(run.log).toEqual([
    expect.stringContaining('stays in force'),
    expect.stringContaining('answers again'),
  ]);
  expect(run.watch.status().problem).toBeNull();
});

test('tells of a lost API server while it is lost', async () => {
  const kube = new ScriptedKube([list(5, [])], [[down]]);
  await using run = watching(kube);
  await vi.waitUntil(() => kube.calls.length === 3);
  expect(run.watch.status()).toMatchObject({ synced: true, connected: false, problem: 'connection refused' });
});

test('a silent watch is opened again from where it was, without a word', async () => {
  const kube = new ScriptedKube([list(5, [])], [[opened, err(idle(1000))]]);
  await using run = watching(kube);
  await vi.waitUntil(() => kube.calls.length === 3);
  expect(kube.calls[2]).toMatchObject({ kind: 'watch', query: { resourceVersion: '5' } });
  expect(run.log).toEqual([]);
});

test('lists when watches keep silent, so that what they swallow is missed for minutes and not for ever', async () => {
  const silent: Event[] = [opened, err(idle(1000))];
  const lists = [list(5, [thing('a', 1)]), list(9, [])];
  const kube = new ScriptedKube(lists, [silent, [opened, event('BOOKMARK', '', 6), err(idle(1000))], silent]);
  await using run = watching(kube);
  await vi.waitUntil(() => kube.calls.length === 6);
  expect(kube.calls.map(({ kind }) => kind)).toEqual(['get', 'watch', 'watch', 'watch', 'get', 'watch']);
  expect(run.told).toEqual(['+a@1', 'synced', '-a', 'synced']);
});

test('lists when the server keeps refusing to watch from a version', async () => {
  const refused: Event[] = [err(refusal(504, { message: 'Too large resource version' }))];
  const kube = new ScriptedKube([list(5, []), list(1, [])], [refused, refused, refused]);
  await using run = watching(kube);
  await vi.waitUntil(() => kube.calls.length === 6);
  expect(kube.calls.map(({ kind }) => kind)).toEqual(['get', 'watch', 'watch', 'watch', 'get', 'watch']);
  expect(run.watch.status().problem).toBeNull();
});

const notFound = err(refusal(404, { reason: 'NotFound', message: 'no such resource' }));

test('a resource type that may be absent counts as listed, and is found later', async () => {
  const kube = new ScriptedKube([notFound, notFound, list(5, [thing('a', 1)])], []);
  await using run = watching(kube, { mayBeAbsent: true });
  await vi.waitUntil(() => kube.calls.length === 4);
  expect(run.told).toEqual(['synced', 'synced', '+a@1', 'synced']);
  expect(run.watch.status()).toMatchObject({ absent: false, problem: null });
});

test('a resource type that goes absent keeps its objects in force', async () => {
  const kube = new ScriptedKube([list(5, [thing('a', 1)]), notFound], [[opened, notFound]]);
  await using run = watching(kube, { mayBeAbsent: true });
  await vi.waitUntil(() => kube.calls.length === 4);
  expect(run.told.filter((line) => line !== 'synced')).toEqual(['+a@1']);
  expect(run.watch.status()).toMatchObject({ absent: true, synced: true, objects: 1 });
});

test('a resource type that was absent, and may not be read now, is not absent', async () => {
  const forbidden = err(refusal(403, { reason: 'Forbidden', message: 'may not list it' }));
  const kube = new ScriptedKube([notFound, forbidden], []);
  await using run = watching(kube, { mayBeAbsent: true });
  await vi.waitUntil(() => kube.calls.length === 3);
  expect(run.watch.status()).toMatchObject({ absent: false, problem: 'may not list it' });
  expect(run.log).toHaveLength(2);
});

test('any other resource type is not synced before it has been listed', async () => {
  const kube = new ScriptedKube([notFound], []);
  await using run = watching(kube);
  await vi.waitUntil(() => kube.calls.length === 2);
  expect(run.told).toEqual([]);
  expect(run.watch.status()).toMatchObject({ synced: false, problem: 'no such resource' });
});
