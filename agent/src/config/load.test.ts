import { describe, expect, it } from 'vitest';
import { type Config, formatProblem, load } from './load.ts';

const machine = { hostname: 'Node-1', cores: 8 };

function loaded(flags: Record<string, string> = {}, env: Record<string, string> = {}): Config {
  const result = load({ flags, env, machine });
  if (!result.ok) throw new Error(result.error.map(formatProblem).join('; '));
  return result.value;
}

function problems(flags: Record<string, string>, env: Record<string, string> = {}): string[] {
  const result = load({ flags, env, machine });
  return result.ok ? [] : result.error.map(formatProblem);
}

describe('load', () => {
  it('fills everything from the defaults and the machine', () => {
    expect(loaded()).toMatchObject({
      node: 'node-1',
      dataplanes: 4,
      maxHeadBytes: 65_536,
      headTimeoutMs: 30_000,
      metricsAddress: { host: '127.0.0.1', port: 9464 },
      excludedNamespaces: ['kube-system', 'eastwall-system'],
    });
  });

  it('takes a flag over the environment over the default', () => {
    const env = { EASTWALL_HEAD_TIMEOUT: '10s', EASTWALL_IDENTITY_HOLD: '1s' };
    expect(loaded({ 'head-timeout': '5s' }, env)).toMatchObject({
      headTimeoutMs: 5_000,
      identityHoldMs: 1_000,
    });
  });

  it.each([
    [1, 1],
    [2, 1],
    [3, 1],
    [64, 8],
  ])('on %i cores starts %i dataplanes', (cores, dataplanes) => {
    const result = load({ flags: {}, env: {}, machine: { hostname: 'a', cores } });
    expect(result).toMatchObject({ ok: true, value: { dataplanes } });
  });

  it('reports every problem at once, by the name the user wrote', () => {
    expect(problems({ 'head-timeout': '30', 'run-dir': 'run' }, { EASTWALL_MAX_HEAD_BYTES: '1TB' })).toEqual([
      '--run-dir=run (not an absolute path)',
      'EASTWALL_MAX_HEAD_BYTES=1TB (not a size; write bytes or a number with KiB, MiB or GiB, e.g. `64KiB`)',
      '--head-timeout=30 (not a duration; write a number and a unit, e.g. `30s`, `500ms`, `10m`, `1h`)',
    ]);
  });

  it.each(['0.0.0.0:9464', '10.0.0.1:80', '[::]:9464', '[2001:db8::1]:1'])(
    'refuses the address %s',
    (address) => {
      expect(problems({ 'metrics-address': address })).toEqual([
        `--metrics-address=${address} (not a loopback address: names of workloads must not be readable from the network without \`--metrics-token-file\`)`,
      ]);
    },
  );

  it.each(['127.0.0.1:0', '127.8.8.8:9464', '[::1]:9464', 'off'])('accepts the address %s', (address) => {
    expect(problems({ 'metrics-address': address })).toEqual([]);
  });

  it.each(['10.0.0.1:9464', '*:9464', '[::]:9464'])('accepts the address %s with a token', (address) => {
    expect(problems({ 'metrics-address': address, 'metrics-token-file': '/token' })).toEqual([]);
  });

  it('keeps the admin interface on loopback', () => {
    expect(problems({ 'admin-address': '127.0.0.1:1' })).toEqual([]);
    expect(problems({ 'admin-address': 'off' })).toEqual([]);
    expect(problems({ 'admin-address': '*:9465', 'metrics-token-file': '/token' })).toEqual([
      '--admin-address=*:9465 (not a loopback address: it is for the port-forward of the kube API, and shows everything)',
    ]);
  });

  it('checks settings against each other', () => {
    expect(problems({ 'head-timeout': '2m', 'first-byte-timeout': '1m', 'idle-timeout': '1m' })).toEqual([
      '--head-timeout=2m (longer than the idle timeout)',
    ]);
    const long = `/${'d'.repeat(100)}`;
    expect(problems({ 'run-dir': long })).toEqual([
      expect.stringContaining("longer than the kernel's 107 bytes"),
    ]);
  });

  it('refuses a hostname that no node can have', () => {
    const result = load({ flags: {}, env: {}, machine: { hostname: 'my_host', cores: 1 } });
    expect(result.ok ? [] : result.error.map(formatProblem)).toEqual([
      '--node=auto (the hostname `my_host` cannot be the name of a node)',
    ]);
  });

  it('freezes the result down to its leaves', () => {
    const config = loaded();
    expect(Object.isFrozen(config) && Object.isFrozen(config.metricsAddress)).toBe(true);
    expect(Object.isFrozen(config.excludedNamespaces)).toBe(true);
  });

  it('ignores the variables that Kubernetes makes for a Service of our name', () => {
    expect(problems({}, { EASTWALL_PORT: 'tcp://10.0.0.1:80', EASTWALL_SERVICE_HOST: '10.0.0.1' })).toEqual(
      [],
    );
  });
});
