import { describe, expect, it } from 'vitest';
import { findCycle, importGraph, sources } from './imports.ts';

/**
 * A folder of `agent/src` imports only folders of strictly lower rank (and itself); equal ranks do not see
 * each other. The lines below `decide` compile without Node's types, `config` and up are the edge.
 */
const RANKS: readonly (readonly string[])[] = [
  ['kernel'],
  ['http'],
  ['protocol', 'identity', 'h2', 'tls', 'inspect'],
  ['decide'],
  ['record'],
  ['exchange', 'ipc', 'events'],
  ['guard'],
  ['config'],
  ['capture', 'kube', 'sinks', 'store'],
  ['connection', 'admin', 'handover'],
  ['roles'],
  ['app.ts', 'preflight'],
  ['sandbox'],
  ['cli'],
];

/** The sandbox stands beside the agent: it runs it as a process and shares nothing with it but the kernel. */
const SANDBOX_SEES = ['sandbox', 'kernel'];

const rankOf = (folder: string) => RANKS.findIndex((rank) => rank.includes(folder));
const folderOf = (file: string) => file.split('/')[2] ?? '';

const agent = importGraph(sources('agent/src/**/*.ts'));
const policy = importGraph(sources('policy/src/**/*.ts'));

function edges() {
  return [...agent].flatMap(([file, imports]) => imports.map(({ target }) => ({ file, target })));
}

describe('architecture', () => {
  it('gives every folder of the agent a rank', () => {
    const folders = new Set([...agent.keys()].map(folderOf));
    expect([...folders].filter((folder) => rankOf(folder) < 0)).toEqual([]);
  });

  it('imports only downwards', () => {
    const upwards = edges().filter(
      ({ file, target }) =>
        folderOf(file) !== folderOf(target) && rankOf(folderOf(target)) >= rankOf(folderOf(file)),
    );
    expect(upwards).toEqual([]);
  });

  it('keeps the agent inside its own folder', () => {
    expect(edges().filter(({ target }) => !agent.has(target))).toEqual([]);
  });

  it('keeps the sandbox apart from the agent', () => {
    const strays = edges().filter(
      ({ file, target }) => folderOf(file) === 'sandbox' && !SANDBOX_SEES.includes(folderOf(target)),
    );
    expect(strays).toEqual([]);
  });

  it('keeps policy free of the agent', () => {
    const strays = [...policy].flatMap(([file, imports]) =>
      imports.filter(({ target }) => !policy.has(target)).map(({ target }) => ({ file, target })),
    );
    expect(strays).toEqual([]);
  });

  it.each([
    ['agent', agent],
    ['policy', policy],
  ])('has no runtime import cycle in %s', (_name, graph) => {
    expect(graph.size).toBeGreaterThan(0);
    expect(findCycle(graph)).toBeNull();
  });
});
