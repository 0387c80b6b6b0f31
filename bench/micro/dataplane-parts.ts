import { Buffer } from 'node:buffer';
import type { ApiPolicy, Workload } from '@eastwall/policy';
import { Recorder } from '../../agent/src/connection/recorder.ts';
import { World } from '../../agent/src/decide/world.ts';
import { Guards } from '../../agent/src/guard/guards.ts';
import { LimitGuard } from '../../agent/src/guard/limits.ts';
import { OperationBook } from '../../agent/src/guard/operation-book.ts';
import type { DataplaneSettings } from '../../agent/src/ipc/messages.ts';
import { systemClock } from '../../agent/src/kernel/clock.ts';
import { fingerprints } from '../../agent/src/kernel/fingerprint.ts';
import { idGuards } from '../../agent/src/roles/id-guards.ts';
import { defaultDataplaneSettings } from '../../agent/testing/dataplane-settings.ts';
import { aWorkload } from '../../agent/testing/workloads.ts';

const policy: ApiPolicy = {
  namespace: 'shop',
  name: 'items',
  generation: 1,
  mode: 'Enforce',
  target: { services: ['items'] },
  rules: [
    {
      name: 'read',
      action: 'Allow',
      from: [{ serviceAccount: 'frontend' }],
      to: [{ methods: ['GET'], path: '/v1/items/{id:int}' }],
    },
  ],
};

/** What connections of a dataplane process share, with all guards and one policy. */
export interface DataplaneParts {
  readonly settings: DataplaneSettings;
  readonly caller: Workload;
  readonly world: World;
  readonly recorder: Recorder;
  readonly guards: Guards;
  readonly operations: OperationBook;
}

/** `ip` and `port`: of the Service that the caller may read from. */
export function dataplaneParts(ip: string, port: number): DataplaneParts {
  const settings = defaultDataplaneSettings();
  const world = new World();
  world.directory.upsertService({
    namespace: 'shop',
    name: 'items',
    ips: [ip],
    ports: [{ name: '', port }],
  });
  world.replacePolicies(world.policies.with({ upsert: [policy], remove: [] }));
  world.synced = true;
  const operations = new OperationBook({ now: systemClock.now, maxOperations: settings.maxOperations });
  operations.changePolicies([policy], []);
  const guards = new Guards({
    node: settings.node,
    clock: systemClock,
    idPrefix: 'bench',
    drift: { afterConnections: settings.driftAfterConnections, afterMs: settings.driftAfterMs },
    maxOpenFindings: settings.maxOpenFindings,
    findingQuietMs: settings.findingQuietMs,
    fingerprint: fingerprints(Buffer.from(settings.keys.fingerprintKey, 'base64')),
    shared: settings.newsMs > 0,
    limits: new LimitGuard({ maxBuckets: settings.maxLimitBuckets, random: Math.random, wake() {} }),
    ids: idGuards(settings, () => {}),
    operations,
    quarantine() {},
    verifyToken: (_token, done) => done(null),
  });
  const recorder = new Recorder({
    node: settings.node,
    clock: systemClock,
    idPrefix: 'bench',
    templateOf: () => '',
    maxRecords: 1,
  });
  return { settings, caller: aWorkload(), world, recorder, guards, operations };
}
