import { describe, expect, it } from 'vitest';
import { podInfo } from '../../testing/pod-info.ts';
import { LocalPods } from './local-pods.ts';

const namespace = (name: string, labels = {}) => ({ name, labels, annotations: {} });

describe('LocalPods', () => {
  it('keeps pods by uid: a namesake is another pod', () => {
    const local = new LocalPods();
    local.changePods([podInfo({ uid: 'old' })], []);
    local.changePods([podInfo({ uid: 'new' })], ['old']);
    expect(local.pods.map(({ uid }) => uid)).toEqual(['new']);
    expect(local.workload('old')).toBeNull();
  });

  it('tells which ports a pod declares opaque', () => {
    const local = new LocalPods();
    expect(local.caller('u-1')).toEqual({ state: 'pending' });
    local.changePods([podInfo()], []);
    expect(local.caller('u-1')).toEqual({ state: 'known', workload: local.workload('u-1') });
    local.changePods([podInfo({ annotations: { 'eastwall.dev/opaque-ports': '9000' } })], []);
    expect(local.caller('u-1')).toMatchObject({ opaquePorts: [{ from: 9000, to: 9000 }] });
  });

  it('tells capture of the Namespaces that have a pod here, not of thousands', () => {
    const local = new LocalPods();
    local.changeNamespaces([namespace('shop', { team: 'a' }), namespace('other')], []);
    local.changePods([podInfo()], []);
    expect(local.forCapture().namespaces).toEqual([namespace('shop', { team: 'a' })]);
    local.changeNamespaces([], ['shop']);
    expect(local.forCapture().namespaces).toEqual([]);
  });
});
