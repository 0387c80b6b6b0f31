import { CoreV1Api, KubeConfig, Watch } from '@kubernetes/client-node';
import type { ObjectInput } from '../object.ts';
import { type KubeApi, type KubeApiOptions, startKubeApi } from '../start-kube-api.ts';
import { ObjectStore, type StoreOptions } from '../store.ts';

export interface Served extends AsyncDisposable {
  readonly store: ObjectStore;
  readonly api: KubeApi;
  readonly config: KubeConfig;
  readonly core: CoreV1Api;
}

/** A store, its API on a free port of loopback, and the agent's client for it, until the end of the scope. */
export async function serve(
  settings: NonNullable<KubeApiOptions['settings']> = {},
  storeOptions: StoreOptions = {},
  more: Pick<KubeApiOptions, 'dial'> = {},
): Promise<Served> {
  const store = new ObjectStore(storeOptions);
  const tokens = [
    { token: 'secret', name: 'agent', groups: ['system:nodes'] },
    { token: 'other', name: 'someone', groups: [] },
  ] as const;
  const api = await startKubeApi({ store, host: '127.0.0.1', port: 0, tokens, settings, ...more });
  const config = new KubeConfig();
  config.loadFromString(api.kubeconfig());
  const core = config.makeApiClient(CoreV1Api);
  return { store, api, config, core, [Symbol.asyncDispose]: () => api.close() };
}

export const labelledMap = (
  name: string,
  data: Readonly<Record<string, string>> = {},
  labels: Readonly<Record<string, string>> = {},
) =>
  ({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name, namespace: 'default', labels },
    data,
  }) satisfies ObjectInput;

export interface Seen {
  readonly type: string;
  readonly name: string;
  readonly object: { readonly metadata: { readonly resourceVersion: string }; readonly code?: number };
}

/** Watches `path` and collects what comes; `ended` resolves with the client's closing error, or null. */
export async function watch(config: KubeConfig, path: string, query: Readonly<Record<string, string>>) {
  const seen: Seen[] = [];
  const { promise: ended, resolve } = Promise.withResolvers<unknown>();
  const controller = await new Watch(config).watch(
    path,
    query,
    (type, object) => seen.push({ type, name: object.metadata?.name, object }),
    resolve,
  );
  return { seen, ended, stop: () => controller.abort() };
}

export const names = (seen: readonly Seen[]): string[] => seen.map(({ type, name }) => `${type} ${name}`);
