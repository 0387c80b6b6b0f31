import { describe, expect, it } from 'vitest';
import { podInfo } from '../../testing/pod-info.ts';
import type { NetnsOwner } from '../capture/pairing.ts';
import type { PodInfo } from '../identity/cluster-objects.ts';
import { workloadOf } from '../identity/workload.ts';
import type { CallerState } from '../ipc/messages.ts';
import { CallerBoard } from './caller-board.ts';

const paired: NetnsOwner = { state: 'paired', uid: 'u-1' };
const optedOut: NetnsOwner = { state: 'opted-out', uid: 'u-1', reason: 'by annotation' };

function setUp() {
  const pods = new Map<string, PodInfo>([['u-1', podInfo()]]);
  const callerOfPod = (uid: string): CallerState => {
    const pod = pods.get(uid);
    return pod === undefined ? { state: 'pending' } : { state: 'known', workload: workloadOf(pod) };
  };
  return { pods, callerOfPod, board: new CallerBoard() };
}

describe('CallerBoard', () => {
  it('knows nobody until a namespace is paired, then tells once', () => {
    const { board, callerOfPod } = setUp();
    expect(board.enrolled(7, callerOfPod)).toEqual({ state: 'pending' });
    board.setOwners([{ ns: 7, owner: paired }]);
    expect(board.changes(callerOfPod)).toEqual([
      [7, { state: 'known', workload: expect.objectContaining({ uid: 'u-1' }) }],
    ]);
    expect(board.changes(callerOfPod)).toEqual([]);
  });

  it('says who it is at once when the pairing came first', () => {
    const { board, callerOfPod } = setUp();
    board.setOwners([{ ns: 7, owner: paired }]);
    expect(board.enrolled(7, callerOfPod)).toMatchObject({ state: 'known' });
    expect(board.changes(callerOfPod)).toEqual([]);
  });

  it('tells of new labels and of nothing that does not make another caller', () => {
    const { board, callerOfPod, pods } = setUp();
    board.setOwners([{ ns: 7, owner: paired }]);
    board.enrolled(7, callerOfPod);
    pods.set('u-1', podInfo({ phase: 'Running', podIPs: ['10.0.0.9'] }));
    expect(board.changes(callerOfPod)).toEqual([]);
    pods.set('u-1', podInfo({ labels: { app: 'other' } }));
    expect(board.changes(callerOfPod)).toMatchObject([[7, { workload: { labels: { app: 'other' } } }]]);
  });

  it('takes every doubt for an unknown caller', () => {
    const { board, callerOfPod, pods } = setUp();
    board.setOwners([{ ns: 7, owner: paired }]);
    board.enrolled(7, callerOfPod);
    board.setOwners([{ ns: 7, owner: { state: 'refused', problem: 'two pods claim it' } }]);
    expect(board.changes(callerOfPod)).toEqual([[7, { state: 'pending' }]]);
    board.setOwners([{ ns: 7, owner: paired }]);
    pods.delete('u-1');
    expect(board.changes(callerOfPod)).toEqual([]);
  });

  it('passes on that a pod opted out, and forgets a namespace that is gone', () => {
    const { board, callerOfPod } = setUp();
    board.enrolled(7, callerOfPod);
    board.setOwners([{ ns: 7, owner: optedOut }]);
    expect(board.changes(callerOfPod)).toEqual([[7, { state: 'exempt', reason: 'by annotation' }]]);
    board.gone(7);
    board.setOwners([{ ns: 7, owner: paired }]);
    expect(board.changes(callerOfPod)).toEqual([]);
  });
});
