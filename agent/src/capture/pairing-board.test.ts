import { describe, expect, it } from 'vitest';
import { podInfo } from '../../testing/pod-info.ts';
import type { PodInfo } from '../identity/cluster-objects.ts';
import { Netns } from './netns.ts';
import { PairingBoard } from './pairing-board.ts';
import { NO_ATTEMPTS, NO_PROOFS } from './protocol.ts';

const pod = (uid: string, ip: string): PodInfo => podInfo({ uid, name: uid, podIPs: [ip] });

function netnsWith(inode: number, ...addresses: string[]): Netns {
  const netns = new Netns({ fd: -1, inode }, true, 0);
  netns.paths.add(`/run/netns/${inode}`);
  netns.interfaces = { ...netns.interfaces, addresses };
  return netns;
}

function boardAt(time: { ms: number }): PairingBoard {
  return new PairingBoard({ now: () => time.ms, monotonic: () => time.ms }, ['kube-system'], {
    failMode: 'open',
    quic: 'count',
    inbound: 'auto',
  });
}

describe('the pairing board', () => {
  it('reports only what has changed', () => {
    const board = boardAt({ ms: 0 });
    const netns = netnsWith(1, '10.0.0.1');
    expect(board.update([netns])?.namespaces[0]?.owner).toEqual({ state: 'unclaimed' });
    expect(board.update([netns])).toBeNull();
    board.setLocal({ pods: [pod('a', '10.0.0.1')], namespaces: [] });
    expect(board.update([netns])?.pods).toEqual([
      {
        uid: 'a',
        state: 'waiting',
        ns: null,
        reason: 'its rules are being put in place',
        cause: 'enrolling',
        failMode: null,
        inbound: null,
        proofs: NO_PROOFS,
        attempts: NO_ATTEMPTS,
      },
    ]);
    expect(netns.owner).toEqual({ state: 'paired', uid: 'a' });
    expect(board.update([netns])).toBeNull();
    netns.problem = 'no iptables';
    expect(board.update([netns])?.pods).toEqual([
      {
        uid: 'a',
        state: 'refused',
        ns: null,
        reason: 'no iptables',
        cause: 'rules_failed',
        failMode: null,
        inbound: null,
        proofs: NO_PROOFS,
        attempts: NO_ATTEMPTS,
      },
    ]);
  });

  it('does not take a new namespace for that of a pod whose own has just gone', () => {
    const time = { ms: 0 };
    const board = boardAt(time);
    const first = netnsWith(1, '10.0.0.1');
    board.setLocal({ pods: [pod('old', '10.0.0.1')], namespaces: [] });
    board.update([first]);
    board.forget(first);
    // The address is given to another pod at once; the kube API still lists the old one.
    const second = netnsWith(2, '10.0.0.1');
    board.update([second]);
    expect(second.owner).toEqual({ state: 'unclaimed' });
    board.setLocal({ pods: [pod('old', '10.0.0.9'), pod('new', '10.0.0.1')], namespaces: [] });
    board.update([second]);
    expect(second.owner).toEqual({ state: 'paired', uid: 'new' });
  });

  it('believes a pod at once that is listed with another address, as its sandbox was made anew', () => {
    const board = boardAt({ ms: 0 });
    const first = netnsWith(1, '10.0.0.1');
    board.setLocal({ pods: [pod('a', '10.0.0.1')], namespaces: [] });
    board.update([first]);
    board.forget(first);
    const second = netnsWith(2, '10.0.0.2');
    const other = netnsWith(3, '10.0.0.1');
    board.update([second, other]);
    expect([second.owner.state, other.owner.state]).toEqual(['unclaimed', 'unclaimed']);
    board.setLocal({ pods: [pod('a', '10.0.0.2')], namespaces: [] });
    board.update([second, other]);
    expect(second.owner).toEqual({ state: 'paired', uid: 'a' });
    expect(other.owner).toEqual({ state: 'unclaimed' });
    // An update that is behind does not make it another's.
    board.forget(second);
    board.setLocal({ pods: [pod('a', '10.0.0.2')], namespaces: [] });
    const third = netnsWith(4, '10.0.0.2');
    board.update([third, other]);
    expect(third.owner).toEqual({ state: 'unclaimed' });
  });

  it('believes a pod again that has got the same address in a new sandbox', () => {
    const time = { ms: 0 };
    const board = boardAt(time);
    const first = netnsWith(1, '10.0.0.1');
    board.setLocal({ pods: [pod('a', '10.0.0.1')], namespaces: [] });
    board.update([first]);
    board.forget(first);
    const second = netnsWith(2, '10.0.0.1');
    board.update([second]);
    expect(second.owner.state).toBe('unclaimed');
    time.ms = 61_000;
    board.update([second]);
    expect(second.owner).toEqual({ state: 'paired', uid: 'a' });
  });
});
