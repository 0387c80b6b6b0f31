import { expect, test, vi } from 'vitest';
import { systemClock } from '../kernel/clock.ts';
import { err, ok, type Result } from '../kernel/result.ts';
import type { KubeClient } from './client.ts';
import type { Acceptance } from './condition.ts';
import { type KubeFailure, refusal, unreachable } from './failure.ts';
import { STATUS_DEFAULTS, type StatusSettings, type StatusTarget, StatusWriter } from './status.ts';

const good: Acceptance = { accepted: true, reason: 'Accepted', message: 'the policy is valid' };
const bad: Acceptance = { accepted: false, reason: 'Invalid', message: 'spec: is missing' };

const target = (name: string, generation = 1, conditions: StatusTarget['conditions'] = []): StatusTarget => ({
  path: `/${name}/status`,
  uid: `uid-${name}`,
  generation,
  resourceVersion: `${generation}0`,
  conditions,
});

interface Patch {
  readonly path: string;
  readonly body: object;
}

function writing(answers: Result<unknown, KubeFailure>[], settings: Partial<StatusSettings> = {}) {
  const patches: Patch[] = [];
  const client: KubeClient = {
    create: async () => ok({}),
    mergePatch: async (path, body) => {
      patches.push({ path, body });
      return answers.shift() ?? ok({});
    },
    get: () => Promise.reject(new Error('a status writer never reads')),
    watch: () => {
      throw new Error('a status writer never reads');
    },
  };
  const log: string[] = [];
  const write = (_: object, message: string) => void log.push(message);
  const writer = new StatusWriter(
    { client, clock: systemClock, log: { info: write, warn: write, error: write }, random: () => 0 },
    { ...STATUS_DEFAULTS, spreadMs: 0, retryFirstMs: 0, retryMaxMs: 0, ...settings },
  );
  const settled = () => vi.waitUntil(() => writer.counts().waiting === 0);
  return { writer, patches, log, settled };
}

const paths = (patches: readonly Patch[]): string[] => patches.map(({ path }) => path);

test('writes the condition on the version it has seen', async () => {
  const { writer, patches, settled } = writing([]);
  writer.want(target('a', 2), good);
  await settled();
  expect(patches).toEqual([
    {
      path: '/a/status',
      body: {
        metadata: { resourceVersion: '20' },
        status: {
          conditions: [expect.objectContaining({ type: 'Accepted', status: 'True', observedGeneration: 2 })],
        },
      },
    },
  ]);
  expect(writer.counts()).toMatchObject({ written: 1, failed: 0 });
});

test('does nothing when the object says so already', async () => {
  const { writer, patches, settled } = writing([]);
  const conditions = [
    { type: 'Accepted', status: 'True', observedGeneration: 1, reason: good.reason, message: good.message },
  ];
  writer.want(target('a', 1, conditions), good);
  await settled();
  expect(patches).toEqual([]);
});

test('drops its wish when another node was first', async () => {
  const { writer, patches, settled } = writing([]);
  writer.want(target('a'), good);
  const conditions = [
    { type: 'Accepted', status: 'True', observedGeneration: 1, reason: good.reason, message: good.message },
  ];
  writer.want(target('a', 1, conditions), good);
  await settled();
  expect(patches).toEqual([]);
});

test.each([409, 404])('gives in to %i: the watch will tell what is newer', async (status) => {
  const { writer, patches, log, settled } = writing([err(refusal(status, null))]);
  writer.want(target('a'), good);
  await settled();
  expect(patches).toHaveLength(1);
  expect(log).toEqual([]);
  expect(writer.counts()).toMatchObject({ written: 0, failed: 0 });
});

test('writes once per generation, however others judge it', async () => {
  const { writer, patches, settled } = writing([]);
  writer.want(target('a'), good);
  await settled();
  const theirs = [
    { type: 'Accepted', status: 'False', observedGeneration: 1, reason: 'Invalid', message: 'no' },
  ];
  writer.want(target('a', 1, theirs), good);
  await settled();
  expect(patches).toHaveLength(1);
  writer.want(target('a', 2, theirs), bad);
  await settled();
  expect(patches).toHaveLength(2);
});

test('waits for an API server that is away, and for one that is busy', async () => {
  const away = err(unreachable(new Error('connection refused')));
  const answers = [...Array.from({ length: 20 }, () => away), err(refusal(503, null)), ok({})];
  const { writer, patches, log, settled } = writing(answers);
  writer.want(target('a'), good);
  await settled();
  expect(patches).toHaveLength(22);
  expect(log).toHaveLength(1);
  expect(writer.counts()).toMatchObject({ written: 1, failed: 0, problem: null });
});

test('gives up on an object that is refused for good, and goes on with the others', async () => {
  const forbidden = err(refusal(403, { reason: 'Forbidden', message: 'not allowed' }));
  const { writer, patches, log, settled } = writing([forbidden, forbidden]);
  writer.want(target('a'), good);
  writer.want(target('b'), good);
  await settled();
  expect(paths(patches)).toEqual(['/a/status', '/b/status']);
  expect(writer.counts()).toMatchObject({ failed: 2, problem: 'not allowed' });
  expect(log).toHaveLength(1);
});

test('tries one of those again that it has given up, and all once that is written', async () => {
  const forbidden = err(refusal(403, { reason: 'Forbidden', message: 'not allowed' }));
  const answers = [forbidden, forbidden, forbidden, ok({}), ok({})];
  const { writer, patches } = writing(answers, { givenUpRetryMs: 1 });
  writer.want(target('a'), good);
  writer.want(target('b'), good);
  await vi.waitUntil(() => writer.counts().written === 2);
  expect(paths(patches)).toEqual(['a', 'b', 'a', 'b', 'a'].map((name) => `/${name}/status`));
  expect(writer.counts()).toMatchObject({ failed: 3, problem: null });
});

test.each([
  ['is gone', (writer: StatusWriter) => writer.forget('/a/status')],
  [
    'says so by another node',
    (writer: StatusWriter) => {
      const { reason, message } = good;
      const conditions = [{ type: 'Accepted', status: 'True', observedGeneration: 1, reason, message }];
      writer.want(target('a', 1, conditions), good);
    },
  ],
])('tells of no problem with an object that %s', async (_, then) => {
  const { writer, settled } = writing([err(refusal(403, { message: 'not allowed' }))]);
  writer.want(target('a'), good);
  await settled();
  expect(writer.counts().problem).toBe('not allowed');
  then(writer);
  expect(writer.counts().problem).toBeNull();
});

test('an object that keeps failing holds up nobody, and ends', async () => {
  const broken = err(refusal(500, null));
  const { writer, patches, settled } = writing([broken, ok({}), broken, broken], { tries: 3 });
  writer.want(target('a'), good);
  writer.want(target('b'), good);
  await settled();
  expect(paths(patches)).toEqual(['/a/status', '/b/status', '/a/status', '/a/status']);
  expect(writer.counts()).toMatchObject({ written: 1, failed: 1 });
});

test('keeps a bounded queue, and the latest wish of each object', async () => {
  const { writer, patches, settled } = writing([], { queue: 2 });
  for (const name of ['a', 'b', 'c']) writer.want(target(name), good);
  writer.want(target('a', 2), bad);
  await settled();
  expect(paths(patches).toSorted()).toEqual(['/a/status', '/b/status']);
  expect(patches.find(({ path }) => path === '/a/status')?.body).toMatchObject({
    metadata: { resourceVersion: '20' },
  });
  expect(writer.counts()).toMatchObject({ dropped: 1, written: 2 });
});

test('forgets an object that is gone', async () => {
  const { writer, patches, settled } = writing([]);
  writer.want(target('a'), good);
  writer.forget('/a/status');
  await settled();
  await writer.stop();
  expect(patches).toEqual([]);
});

test('stops in the middle of a retry', async () => {
  const away = err(unreachable(new Error('connection refused')));
  const { writer, patches } = writing([away], { retryFirstMs: 3_600_000, retryMaxMs: 3_600_000 });
  writer.want(target('a'), good);
  await vi.waitUntil(() => patches.length === 1);
  await writer.stop();
  expect(patches).toHaveLength(1);
});
