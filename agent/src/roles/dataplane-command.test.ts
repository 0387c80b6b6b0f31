import { describe, expect, it } from 'vitest';
import { dataplaneCommand, type Host } from './dataplane-command.ts';
import type { ProcessStatus } from './process-status.ts';

const ALL = (1n << 41n) - 1n;
const self = (differs: Partial<ProcessStatus> = {}): ProcessStatus => ({
  uid: 0,
  effective: ALL,
  permitted: ALL,
  bounding: ALL,
  noNewPrivileges: false,
  ...differs,
});
const host = (differs: Partial<Host> = {}): Host => ({
  self: self(),
  uidMap: '0 0 4294967295',
  gidMap: '0 0 4294967295',
  unprivilegedCanRun: () => true,
  ...differs,
});
const command = (differs: Partial<Host> = {}) =>
  dataplaneCommand(host(differs), '/bin/node', '/src/dataplane.ts');

describe('dataplaneCommand', () => {
  it('drops everything and becomes nobody where it can', () => {
    const { file, args, uid } = command();
    expect([file, ...args].join(' ')).toBe(
      'setpriv --no-new-privs --inh-caps=-all --ambient-caps=-all --pdeathsig=KILL --bounding-set=-all ' +
        '--reuid=65534 --regid=65534 --clear-groups -- /bin/node --max-semi-space-size=4 /src/dataplane.ts',
    );
    expect(uid).toBe(65_534);
  });

  it.each<[string, Partial<Host>, RegExp]>([
    [
      'an unprivileged user namespace',
      { uidMap: '0 1001 1' },
      /no id 65534; root in it is an ordinary user outside/,
    ],
    ['no mapped group', { gidMap: '0 1001 1' }, /no id 65534/],
    ['sources in a private home', { unprivilegedCanRun: () => false }, /can't read the agent's files/],
    ['no SETUID', { self: self({ effective: ALL & ~(1n << 7n) }) }, /lacks SETUID, SETGID or KILL/],
    ['no KILL', { self: self({ effective: ALL & ~(1n << 5n) }) }, /lacks SETUID, SETGID or KILL/],
  ])('stays root with %s, says why, and still drops all capabilities', (_, differs, reason) => {
    const { args, uid, uidReason } = command(differs);
    expect(uid).toBe(0);
    expect(uidReason).toMatch(reason);
    expect(args).not.toContain('--reuid=65534');
    expect(args).toContain('--bounding-set=-all');
  });

  it('leaves the bounding set alone without SETPCAP, where setpriv would refuse', () => {
    const { args } = command({ self: self({ effective: ALL & ~(1n << 8n) }) });
    expect(args).not.toContain('--bounding-set=-all');
    expect(args).toContain('--reuid=65534');
  });

  it('keeps the uid of an agent that is not root', () => {
    const { uid, uidReason } = command({ self: self({ uid: 1_001, effective: 0n }) });
    expect([uid, uidReason]).toEqual([1_001, 'the agent itself is not root']);
  });
});
