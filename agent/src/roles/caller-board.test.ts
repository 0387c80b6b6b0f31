import { describe, expect, it } from 'vitest';
import { podInfo } from '../../testing/pod-info.ts';
import type { NetnsOwner } from '../capture/pairing.ts';
import type { PodInfo } from '../identity/cluster-objects.ts';
import { workloadOf } from '../identity/workload.ts';
import { CallerBoard } from './caller-board.ts';

const paired: NetnsOwner = { state: 'paired', uid: 'u-1' };
const optedOut: NetnsOwner = { state: 'opted-out', uid: 'u-1', reason: 'by annotation' };

function setUp() {
  const pods = new Map<string, PodInfo>([['u-1', podInfo()]]);
  const workloadOfUid = (uid: string) => {
    const pod = pods.get(uid);
    return pod === undefined ? null : workloadOf(pod);
  };
  return { pods, workloadOfUid, board: new CallerBoard() };
}

describe('CallerBoard', () => {
  it('knows nobody until a namespace is paired, then tells once', () => {
    const { board, workloadOfUid } = setUp();
    expect(board.enrolled(7, workloadOfUid)).toEqual({ state: 'pending' });
    board.setOwners([{ ns: 7, owner: paired }]);
    expect(board.changes(workloadOfUid)).toEqual([
      [7, { state: 'known', workload: expect.objectContaining({ uid: 'u-1' }) }],
    ]);
    expect(board.changes(workloadOfUid)).toEqual([]);
  });

  it('says who it is at once when the pairing came first', () => {
    const { board, workloadOfUid } = setUp();
    board.setOwners([{ ns: 7, owner: paired }]);
    expect(board.enrolled(7, workloadOfUid)).toMatchObject({ state: 'known' });
    expect(board.changes(workloadOfUid)).toEqual([]);
  });

  it('tells of new labels and of nothing that does not make another caller', () => {
    const { board, workloadOfUid, pods } = setUp();
    board.setOwners([{ ns: 7, owner: paired }]);
    board.enrolled(7, workloadOfUid);
    pods.set('u-1', podInfo({ phase: 'Running', podIPs: ['10.0.0.9'] }));
    expect(board.changes(workloadOfUid)).toEqual([]);
    pods.set('u-1', podInfo({ labels: { app: 'other' } }));
    expect(board.changes(workloadOfUid)).toMatchObject([[7, { workload: { labels: { app: 'other' } } }]]);
  });

  it('takes every doubt for an unknown caller', () => {
    const { board, workloadOfUid, pods } = setUp();
    board.setOwners([{ ns: 7, owner: paired }]);
    board.enrolled(7, workloadOfUid);
    board.setOwners([{ ns: 7, owner: { state: 'refused', problem: 'two pods claim it' } }]);
    expect(board.changes(workloadOfUid)).toEqual([[7, { state: 'pending' }]]);
    board.setOwners([{ ns: 7, owner: paired }]);
    pods.delete('u-1');
    expect(board.changes(workloadOfUid)).toEqual([]);
  });

  it('passes on that a pod opted out, and forgets a namespace that is gone', () => {
    const { board, workloadOfUid } = setUp();
    board.enrolled(7, workloadOfUid);
    board.setOwners([{ ns: 7, owner: optedOut }]);
    expect(board.changes(workloadOfUid)).toEqual([[7, { state: 'exempt', reason: 'by annotation' }]]);
    board.gone(7);
    board.setOwners([{ ns: 7, owner: paired }]);
    expect(board.changes(workloadOfUid)).toEqual([]);
  });
});
