import { describe, expect, it } from 'vitest';
import { podInfo } from '../../testing/pod-info.ts';
import type { NamespaceEntry, PodInfo } from '../identity/cluster-objects.ts';
import { type PairingInput, pair } from './pairing.ts';

const pod = (uid: string, podIPs: string[], more: Partial<PodInfo> = {}): PodInfo =>
  podInfo({ uid, name: uid, podIPs, ...more });
const netns = (inode: number, ...addresses: string[]) => ({ inode, addresses });
const NOW = '2026-01-01T00:00:00Z';

function paired(input: Partial<PairingInput>) {
  const { namespaces, pods } = pair({
    namespaces: [],
    pods: [],
    optOut: { namespaces: new Map(), excluded: new Set() },
    paired: new Map(),
    widowed: new Set(),
    ...input,
  });
  return { namespaces: Object.fromEntries(namespaces), pods: Object.fromEntries(pods) };
}

describe('pairing', () => {
  it('pairs by any of the addresses of the pod', () => {
    const result = paired({
      namespaces: [netns(1, '10.0.0.1', 'fd00::1'), netns(2, '10.0.0.2')],
      pods: [pod('a', ['10.9.9.9', 'fd00::1']), pod('b', ['10.0.0.2'])],
    });
    expect(result.namespaces).toEqual({
      1: { state: 'paired', uid: 'a' },
      2: { state: 'paired', uid: 'b' },
    });
    expect(result.pods).toEqual({ a: { state: 'paired', inode: 1 }, b: { state: 'paired', inode: 2 } });
  });

  it('waits for addresses on either side', () => {
    const result = paired({ namespaces: [netns(1)], pods: [pod('a', []), pod('b', ['10.0.0.2'])] });
    expect(result.namespaces[1]).toEqual({ state: 'unclaimed' });
    expect(result.pods).toEqual({
      a: { state: 'waiting', cause: 'no_address', reason: 'it has no address yet' },
      b: { state: 'waiting', cause: 'no_namespace', reason: 'no network namespace has its address' },
    });
  });

  it('refuses two pods that claim one namespace', () => {
    const result = paired({
      namespaces: [netns(1, '10.0.0.1')],
      pods: [pod('a', ['10.0.0.1']), pod('b', ['10.0.0.1'])],
    });
    expect(result.namespaces[1]).toEqual({
      state: 'refused',
      problem: 'pods `shop/a` and `shop/b` claim it',
    });
    expect(result.pods).toMatchObject({ a: { state: 'refused' }, b: { state: 'refused' } });
  });

  it('refuses two namespaces with the address of one pod', () => {
    const result = paired({
      namespaces: [netns(1, '10.0.0.1'), netns(2, '10.0.0.1')],
      pods: [pod('a', ['10.0.0.1'])],
      paired: new Map([[1, 'a']]),
    });
    expect(result.namespaces).toMatchObject({ 1: { state: 'refused' }, 2: { state: 'refused' } });
    expect(result.pods['a']).toEqual({
      state: 'refused',
      cause: 'ambiguous_address',
      problem: 'two network namespaces have its address',
    });
  });

  it('refuses pods in the network of the node, whatever address they are listed with', () => {
    const result = paired({
      namespaces: [netns(1, '10.0.0.1')],
      pods: [pod('a', ['10.0.0.1'], { hostNetwork: true })],
    });
    expect(result.namespaces[1]).toEqual({ state: 'unclaimed' });
    expect(result.pods['a']).toEqual({
      state: 'refused',
      cause: 'host_network',
      problem: "it shares the node's network",
    });
  });

  it.each(['Succeeded', 'Failed'])('lets a pod in phase %s own nothing, even what it had', (phase) => {
    const result = paired({
      namespaces: [netns(1, '10.0.0.1')],
      pods: [pod('a', ['10.0.0.1'], { phase })],
      paired: new Map([[1, 'a']]),
    });
    expect(result.namespaces[1]).toEqual({ state: 'unclaimed' });
    expect(result.pods).toEqual({});
  });
});

describe('an address that is used again', () => {
  const leaving = pod('old', ['10.0.0.1'], { deletionTimestamp: NOW });

  it('stays with a pod that is being deleted, in the namespace that it had', () => {
    const result = paired({
      namespaces: [netns(1, '10.0.0.1')],
      pods: [leaving],
      paired: new Map([[1, 'old']]),
    });
    expect(result.namespaces[1]).toEqual({ state: 'paired', uid: 'old' });
  });

  it('is not claimed by a pod that is being deleted, in a namespace that came later', () => {
    const namespaces = [netns(2, '10.0.0.1')];
    expect(paired({ namespaces, pods: [leaving] }).namespaces[2]).toEqual({ state: 'unclaimed' });
    expect(paired({ namespaces, pods: [leaving, pod('new', ['10.0.0.1'])] }).namespaces[2]).toEqual({
      state: 'paired',
      uid: 'new',
    });
  });

  it('is not claimed by a pod whose namespace has just gone, though the kube API does not know yet', () => {
    const result = paired({
      namespaces: [netns(2, '10.0.0.1')],
      pods: [pod('old', ['10.0.0.1'])],
      widowed: new Set(['old']),
    });
    expect(result.namespaces[2]).toEqual({ state: 'unclaimed' });
  });
});

describe('opting out', () => {
  const entry = (more: Partial<NamespaceEntry>): NamespaceEntry => ({
    name: 'shop',
    labels: {},
    annotations: {},
    ...more,
  });
  const disabled = { 'eastwall.dev/capture': 'disabled' };
  const namespaces = [netns(1, '10.0.0.1')];

  it.each([
    ['the pod opts out by annotation', pod('a', ['10.0.0.1'], { annotations: disabled }), entry({}), []],
    ['namespace `shop` opts out by annotation', pod('a', ['10.0.0.1']), entry({ annotations: disabled }), []],
    ['namespace `shop` opts out by label', pod('a', ['10.0.0.1']), entry({ labels: disabled }), []],
    [
      "namespace `shop` is excluded by the agent's settings",
      pod('a', ['10.0.0.1']),
      entry({}),
      ['shop', 'kube-system'],
    ],
  ])('%s', (reason, subject, namespace, excluded) => {
    const optOut = { namespaces: new Map([['shop', namespace]]), excluded: new Set(excluded) };
    const result = paired({ namespaces, pods: [subject], optOut });
    expect(result.namespaces[1]).toEqual({ state: 'opted-out', uid: 'a', reason });
    const cause = excluded.length > 0 ? 'excluded' : 'opted_out';
    expect(result.pods['a']).toEqual({ state: 'opted-out', cause, reason });
  });

  it('takes the word `disabled` only', () => {
    const subject = pod('a', ['10.0.0.1'], { annotations: { 'eastwall.dev/capture': 'enabled' } });
    expect(paired({ namespaces, pods: [subject] }).namespaces[1]).toEqual({ state: 'paired', uid: 'a' });
  });
});
