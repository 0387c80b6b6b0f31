import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import { KubeConfig } from '@kubernetes/client-node';
import { advised } from '../kernel/advice.ts';
import { fileConfig, podConfig, serverOf } from './client.ts';

export interface UserConfigSource {
  /** As kubectl's flags of these names. */
  readonly kubeconfig?: string | undefined;
  readonly context?: string | undefined;
}

/**
 * The kube configuration of whoever uses the command line, by kubectl's rules: the file given, else those of `KUBECONFIG`,
 * else `~/.kube/config`, else the service account of the pod. Throws when there is none that can be used.
 */
export function userConfig({ kubeconfig, context }: UserConfigSource): KubeConfig {
  const config = load(kubeconfig);
  const known = config.getContexts().map(({ name }) => name);
  const choices = `--context takes one of these: ${known.join(', ') || 'there are none in this kubeconfig'}`;
  if (context !== undefined) {
    if (!known.includes(context)) throw new Error(advised(`context \`${context}\` does not exist`, choices));
    config.setCurrentContext(context);
  }
  if (!config.getCurrentContext()) throw new Error(advised('the kubeconfig has no current context', choices));
  serverOf(config);
  return config;
}

function load(path: string | undefined): KubeConfig {
  if (path !== undefined) return fileConfig(path);
  const named = (process.env['KUBECONFIG'] ?? '').split(delimiter).filter((file) => file !== '');
  if (named.length > 0) return mergedConfig(named);
  const usual = join(homedir(), '.kube', 'config');
  if (existsSync(usual)) return fileConfig(usual);
  if (process.env['KUBERNETES_SERVICE_HOST']) return podConfig();
  throw new Error(
    advised(
      `no kubeconfig: \`KUBECONFIG\` is not set, and there is no ${usual}`,
      'say which cluster by --kubeconfig',
    ),
  );
}

/**
 * What is said first holds, of the current context as of each name, and a file that is not there is passed over: so kubectl
 * reads them. By the library's own reading the last file's context holds, which is another cluster than kubectl speaks to.
 */
function mergedConfig(files: readonly string[]): KubeConfig {
  const there = files.filter((file) => existsSync(file));
  const read = (there.length > 0 ? there : files).map(fileConfig);
  const merged = new KubeConfig();
  merged.loadFromOptions({
    clusters: firstOfEachName(read.flatMap(({ clusters }) => clusters)),
    users: firstOfEachName(read.flatMap(({ users }) => users)),
    contexts: firstOfEachName(read.flatMap(({ contexts }) => contexts)),
    currentContext: read.map((config) => config.getCurrentContext()).find(Boolean),
  });
  return merged;
}

const firstOfEachName = <T extends { readonly name: string }>(entries: readonly T[]): T[] =>
  entries.filter(({ name }, at) => entries.findIndex((other) => other.name === name) === at);
