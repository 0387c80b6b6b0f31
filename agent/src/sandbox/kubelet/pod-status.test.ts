import { describe, expect, it } from 'vitest';
import type { ContainerState, Pod } from '../cluster/objects.ts';
import { type ContainerView, type PodView, podStatus } from './pod-status.ts';

const T0 = '2026-01-01T00:00:00Z';
const T1 = '2026-01-01T00:00:01Z';

const pod: Pod = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'a', uid: 'a', resourceVersion: '1', generation: 1, creationTimestamp: T0 },
  spec: { containers: [] },
};

const running: ContainerState = { running: { startedAt: T0 } };
const exited = (exitCode: number): ContainerState => ({
  terminated: { exitCode, reason: 'x', startedAt: T0, finishedAt: T1 },
});
const waiting = (reason: string): ContainerState => ({ waiting: { reason } });

const one = (state: ContainerState, ready = false, restarts = 0): ContainerView => ({
  name: 'main',
  image: 'sandbox',
  state,
  ready,
  restarts,
});
const view = (...containers: ContainerView[]): PodView => ({
  podIps: ['10.0.0.2'],
  hostIps: ['172.20.1.1'],
  startTime: T0,
  containers,
});
const phase = (...containers: ContainerView[]) => podStatus(pod, view(...containers), T1).phase;
const isReady = (status: ReturnType<typeof podStatus>) =>
  status.conditions?.find(({ type }) => type === 'Ready')?.status;

describe('podStatus', () => {
  it('has the phase that the containers make together', () => {
    expect(phase()).toBe('Pending');
    expect(phase(one(waiting('ContainerCreating')))).toBe('Pending');
    expect(phase(one(running), one(waiting('ContainerCreating')))).toBe('Running');
    expect(phase(one(waiting('CrashLoopBackOff'), false, 1))).toBe('Running');
    expect(phase(one(exited(0)), one(running))).toBe('Running');
    expect(phase(one(exited(0)), one(exited(0)))).toBe('Succeeded');
    expect(phase(one(exited(0)), one(exited(2)))).toBe('Failed');
  });

  it('is ready when all containers are, and not after the end', () => {
    expect(isReady(podStatus(pod, view(one(running, true), one(running, true)), T1))).toBe('True');
    expect(isReady(podStatus(pod, view(one(running, true), one(running)), T1))).toBe('False');
    expect(isReady(podStatus(pod, view(one(exited(0))), T1))).toBe('False');
  });

  it('keeps the time of a condition that stays', () => {
    const before = podStatus(pod, view(one(running)), T0);
    const after = podStatus({ ...pod, status: before }, view(one(running, true)), T1);
    const times = Object.fromEntries((after.conditions ?? []).map((c) => [c.type, c.lastTransitionTime]));
    expect(times).toEqual({ PodScheduled: T0, Initialized: T0, ContainersReady: T1, Ready: T1 });
  });

  it('fails with the reason of a pod that can not run', () => {
    const problem = { reason: 'CreateContainerConfigError', message: 'no command' };
    expect(podStatus(pod, { ...view(), problem }, T1)).toMatchObject({ phase: 'Failed', ...problem });
  });
});
