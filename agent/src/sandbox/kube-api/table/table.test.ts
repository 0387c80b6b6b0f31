import { describe, expect, it } from 'vitest';
import type { KubeObject } from '../object.ts';
import { ResourceRegistry } from '../registry.ts';
import { type Resource, storageVersion } from '../resource.ts';
import { humanDuration } from './age.ts';
import { parseJsonPath } from './json-path.ts';
import { toTable } from './table.ts';

const NOW = Date.parse('2026-01-01T01:00:00Z');

const object = (fields: Record<string, unknown>): KubeObject => ({
  apiVersion: 'v1',
  kind: 'X',
  metadata: {
    name: 'web',
    uid: 'u',
    resourceVersion: '1',
    generation: 1,
    creationTimestamp: '2026-01-01T00:00:00Z',
  },
  ...fields,
});

function cells(resource: Resource, fields: Record<string, unknown>): Record<string, unknown> {
  const version = storageVersion(resource);
  const table = toTable([object(fields)], {}, { resource, version, include: 'None', now: NOW });
  const names = table.columnDefinitions.map((column) => column.name);
  return Object.fromEntries(names.map((name, i) => [name, table.rows[0]?.cells[i]]));
}

function builtin(name: string): Resource {
  const resource = new ResourceRegistry().byName(name);
  if (resource === undefined) throw new Error(name);
  return resource;
}

describe('toTable', () => {
  it('shows pods', () => {
    const shown = cells(builtin('pods'), {
      spec: { nodeName: 'a', containers: [{}, {}] },
      status: {
        phase: 'Running',
        podIP: '10.0.0.7',
        containerStatuses: [
          { ready: true, restartCount: 2 },
          { ready: false, restartCount: 1, state: { waiting: { reason: 'CrashLoopBackOff' } } },
        ],
      },
    });
    expect(shown).toMatchObject({
      Name: 'web',
      Ready: '1/2',
      Status: 'CrashLoopBackOff',
      Restarts: 3,
      Age: '60m',
      IP: '10.0.0.7',
      Node: 'a',
    });
  });

  it('shows a pod that is going', () => {
    const metadata = { ...object({}).metadata, deletionTimestamp: '2026-01-01T00:00:00Z' };
    expect(cells(builtin('pods'), { metadata, status: { phase: 'Running' } })).toMatchObject({
      Status: 'Terminating',
    });
  });

  it('shows services and nodes', () => {
    const service = {
      spec: {
        type: 'NodePort',
        clusterIP: '10.96.0.1',
        ports: [
          { port: 80, nodePort: 30080 },
          { port: 53, protocol: 'UDP' },
        ],
        selector: { app: 'web' },
      },
    };
    expect(cells(builtin('services'), service)).toMatchObject({
      'Port(s)': '80:30080/TCP,53/UDP',
      Selector: 'app=web',
      'External-IP': '<none>',
    });
    expect(
      cells(builtin('nodes'), {
        spec: { unschedulable: true },
        status: { conditions: [{ type: 'Ready', status: 'True' }] },
      }),
    ).toMatchObject({ Status: 'Ready,SchedulingDisabled', Roles: '<none>' });
  });

  it('prints what the definition of a custom resource asks for', () => {
    const resource: Resource = {
      ...builtin('configmaps'),
      plural: 'apipolicies',
      group: 'eastwall.dev',
      versions: [
        {
          name: 'v1alpha1',
          status: true,
          columns: [
            {
              name: 'Accepted',
              type: 'string',
              jsonPath: '.status.conditions[?(@.type=="Accepted")].status',
            },
            { name: 'Rules', type: 'integer', jsonPath: '.status.rules' },
            { name: 'Since', type: 'date', jsonPath: '.metadata.creationTimestamp' },
            { name: 'Missing', type: 'string', jsonPath: '.nothing.here' },
          ],
        },
      ],
      storageVersion: 'v1alpha1',
    };
    const status = {
      rules: 3,
      conditions: [
        { type: 'Ready', status: 'No' },
        { type: 'Accepted', status: 'True' },
      ],
    };
    expect(cells(resource, { status })).toEqual({
      Name: 'web',
      Accepted: 'True',
      Rules: 3,
      Since: '60m',
      Missing: null,
    });
  });
});

describe('parseJsonPath', () => {
  const value = {
    a: { 'b.c': [1, 2, 3] },
    list: [
      { k: 'x', v: 1 },
      { k: 'y', v: 2 },
    ],
  };

  it.each<[string, unknown[]]>([
    ['.a', [{ 'b.c': [1, 2, 3] }]],
    ['{.a.b\\.c[1]}', [2]],
    [".a['b.c'][-1]", [3]],
    ['.list[*].v', [1, 2]],
    ['.list[?(@.k=="y")].v', [2]],
    ['.list[?(@.k!="y")].v', [1]],
    ['.none.at.all', []],
  ])('reads %s', (path, found) => {
    expect(parseJsonPath(path)?.(value)).toEqual(found);
  });

  it('refuses what it can not read', () => {
    expect(parseJsonPath('.a[')).toBeUndefined();
    expect(parseJsonPath('a b')).toBeUndefined();
  });
});

describe('humanDuration', () => {
  it.each([
    [0, '0s'],
    [119, '119s'],
    [120, '2m'],
    [303, '5m3s'],
    [3600, '60m'],
    [4 * 3600 + 60, '4h1m'],
    [47 * 3600, '47h'],
    [3 * 86400 + 4 * 3600, '3d4h'],
    [400 * 86400, '400d'],
    [3 * 365 * 86400, '3y'],
  ])('%d seconds are %s', (seconds, shown) => {
    expect(humanDuration(seconds)).toBe(shown);
  });
});
