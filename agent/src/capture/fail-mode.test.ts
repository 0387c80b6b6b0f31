import { expect, it } from 'vitest';
import { podInfo } from '../../testing/pod-info.ts';
import { failModeOf } from './fail-mode.ts';

const annotated = (word?: string) => ({
  annotations: word === undefined ? {} : { 'eastwall.dev/fail-mode': word },
});

it.each([
  [undefined, undefined, 'open', null],
  ['closed', undefined, 'closed', null],
  [undefined, 'closed', 'closed', null],
  ['open', 'closed', 'open', null],
  ['Closed', 'closed', 'closed', 'eastwall.dev/fail-mode `Closed` is neither `open` nor `closed`'],
  [undefined, 'shut', 'open', 'eastwall.dev/fail-mode `shut` is neither `open` nor `closed`'],
])('of a pod that says %s in a namespace that says %s is %s', (own, namespace, mode, problem) => {
  const pod = podInfo({ namespace: 'shop', ...annotated(own) });
  const namespaces = new Map([['shop', { name: 'shop', labels: {}, ...annotated(namespace) }]]);
  expect(failModeOf(pod, namespaces, 'open')).toEqual({ mode, problem });
});

it('is the setting where the Namespace is not known', () => {
  expect(failModeOf(podInfo({}), new Map(), 'closed').mode).toBe('closed');
});
