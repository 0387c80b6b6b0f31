import { describe, expect, it } from 'vitest';
import { Readiness } from './readiness.ts';

describe('Readiness', () => {
  it('is ready when every named task is done, in any order, and says what is missing', () => {
    const readiness = new Readiness(['kube', 'capture', 'dataplanes']);
    readiness.done('dataplanes');
    readiness.done('kube');
    readiness.done('kube');
    expect([readiness.ready, readiness.waitingFor]).toEqual([false, ['capture']]);
    readiness.done('capture');
    expect([readiness.ready, readiness.waitingFor]).toEqual([true, []]);
  });

  it('is never ready again once it stops', () => {
    const readiness = new Readiness(['kube']);
    readiness.stopping();
    readiness.done('kube');
    expect([readiness.ready, readiness.waitingFor]).toEqual([false, ['stopping']]);
  });
});
