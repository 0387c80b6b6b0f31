import { expect, it, vi } from 'vitest';
import { liveKube } from '../../testing/live-kube.ts';
import { ReleaseMark, type Stay } from './release-mark.ts';

const configMap = (name: string, state: string) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, namespace: 'default' },
  data: { state },
});

it('follows the one object it is named, through an uninstall that is called off and one that is not', async () => {
  await using kube = await liveKube();
  const { store } = kube;
  const heard: Stay[] = [];
  const mark = new ReleaseMark(kube.context, { namespace: 'default', name: 'ours' }, (stay) =>
    heard.push(stay),
  );
  store.apply(configMap('ours', 'installed'));
  store.apply(configMap('theirs', 'leaving'));
  const running = mark.start();
  const until = (...expected: Stay[]) => vi.waitFor(() => expect(heard).toEqual(expected), 10_000);

  store.apply(configMap('ours', 'leaving'));
  await until('leaving');
  store.apply(configMap('ours', 'installed'));
  await until('leaving', 'stays');
  const word = mark.word(60_000);
  store.remove('configmaps', 'default', 'ours');
  await word;
  await until('leaving', 'stays', 'gone');
  expect(mark.stay).toBe('gone');
  await mark.stop();
  await running;
});

it('says nothing where there is none', async () => {
  await using kube = await liveKube();
  const onChange = vi.fn();
  const get = vi.spyOn(kube.context.client, 'get');
  const mark = new ReleaseMark(kube.context, { namespace: 'default', name: 'ours' }, onChange);
  const running = mark.start();
  await vi.waitFor(() => expect(get).toHaveResolved(), 10_000);
  expect(mark.stay).toBe('stays');
  await mark.stop();
  await running;
  expect(onChange).not.toHaveBeenCalled();
});
