import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadTopology } from './load.ts';
import { TopologyError } from './problem.ts';

describe('loadTopology', () => {
  let directory: string;
  let file: string;

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'topology-'));
    file = join(directory, 'topology.yaml');
  });

  afterAll(() => rm(directory, { recursive: true }));

  const load = async (text: string) => {
    await writeFile(file, text);
    return loadTopology({ file });
  };

  /** `line:column: message` of every problem. */
  const problems = async (text: string): Promise<string[]> => {
    try {
      await load(text);
      return [];
    } catch (error) {
      if (!(error instanceof TopologyError)) throw error;
      return error.problems.map(({ where, message }) => `${where.replace(`${file}:`, '')}: ${message}`);
    }
  };

  it('fills in what is left out', async () => {
    const topology = await load('nodes: [a]\npods: [{name: web, command: [sleep, 5]}]\n');
    expect(topology).toMatchObject({
      ipFamilies: 'dual',
      agents: { enabled: true },
      namespaces: [],
      objects: [],
    });
    expect(topology.pods).toMatchObject([
      { name: 'web', namespace: 'default', command: ['sleep', '5'], replicas: 1, ready: 'auto' },
    ]);
  });

  it('says everything that is wrong at once, at its place', async () => {
    const text = [
      'nodes: [node-a]',
      'colour: red',
      'pods:',
      '  - name: Web',
      '    comand: [x]',
      '    command: []',
      '    ports: [80, 99999]',
      '    restart: Sometimes',
      'services:',
      '  - name: web',
      '    ports:',
      '      - {port: 80, targetport: 8080}',
    ];
    expect(await problems(text.join('\n'))).toEqual([
      '2:1: no such field: `colour`',
      expect.stringMatching(/^4:5: not a name/),
      '5:5: no such field: `comand`',
      '6:5: a command is needed',
      '7:17: not a port',
      expect.stringMatching(/^8:5: /),
      '12:20: no such field: `targetport`',
    ]);
  });

  it.each([
    ['nodes: []', '1:1: a cluster needs a node'],
    ['{}', '1:1: `nodes` is missing'],
    ['nodes: [a, b, a]', '1:15: node `a` is there twice'],
    ['nodes: [a]\npods: [{name: x, node: b, command: [y]}]', '2:18: no node `b`; there are a'],
    [
      'nodes: [a]\npods: [{name: x, command: [y], replicas: 2}]',
      '2:32: only a pod with an `owner` has replicas',
    ],
    [
      'nodes: [a]\npods: [{name: x, command: [y], namespace: shop}]',
      '2:32: no namespace `shop`; list it under `namespaces`',
    ],
    [
      'nodes: [a]\npods: [{name: x, command: [y], owner: Job, restart: Always}]',
      "2:44: a Job ends, so it can't restart always",
    ],
    [
      'nodes: [a]\nservices: [{name: x, ports: [1]}, {name: x, ports: [2]}]',
      '2:35: service `default/x` is there twice',
    ],
    ['nodes: [a]\npods: [{name: x, command: [y], owner: {kind: Pod}}]', /^2:40: /],
    [
      'nodes: [a]\npods: [{name: x, command: [y], env: {A: {field: 7}}}]',
      '2:42: expected string, received number',
    ],
    ['nodes: [a]\nobjects: [7]', '2:11: expected a kube object or `{file: <path>}`'],
    ['nodes: [a]\nobjects: [{apiVersion: v1, kind: Pod, metadata: {}}]', '2:39: `name` is missing'],
    ['nodes: [a\npods: []', /^2:1: /],
    ['nodes: &a [*a]', /^/],
  ])('refuses %j', async (text, message) => {
    expect(await problems(text)).toEqual([
      typeof message === 'string' ? message : expect.stringMatching(message),
    ]);
  });

  it('refuses a bomb of aliases', async () => {
    const levels = Array.from({ length: 9 }, (_, i) => `l${i + 1}: &l${i + 1} [${`*l${i},`.repeat(9)}]`);
    expect(await problems(`l0: &l0 [x]\n${levels.join('\n')}\n`)).toEqual([expect.stringContaining('alias')]);
  });

  it('reads objects from files beside it, and says where they are', async () => {
    const objects = join(directory, 'objects.yaml');
    await writeFile(
      objects,
      'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: b}\n',
    );
    const { objects: loaded } = await load('nodes: [a]\nobjects:\n  - file: objects.yaml\n');
    const shown = relative(process.cwd(), objects);
    expect(loaded.map(({ object, where }) => [object.metadata.name, where])).toEqual([
      ['a', `${shown}:1:1`],
      ['b', `${shown}:5:1`],
    ]);
    await writeFile(objects, 'apiVersion: v1\nkind: ConfigMap\n');
    await expect(load('nodes: [a]\nobjects:\n  - file: objects.yaml\n')).rejects.toThrow(
      `${shown}:1:1: not a kube object`,
    );
    await expect(load('nodes: [a]\nobjects:\n  - file: no.yaml\n')).rejects.toThrow(
      /:3:5: cannot read `.*no\.yaml`: no such file/,
    );
    await expect(loadTopology({ file: join(directory, 'none.yaml') })).rejects.toThrow('no such file');
  });

  it('names the field where there is no file', async () => {
    const pods = [{ name: 'x', command: ['y'], ports: [0] }];
    await expect(loadTopology({ topology: { nodes: ['a'], pods } })).rejects.toThrow(
      'pods[0].ports[0]: not a port',
    );
  });
});
