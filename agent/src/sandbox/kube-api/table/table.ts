import type { KubeObject } from '../object.ts';
import { type PrinterColumn, type Resource, type ResourceVersion, resourceName } from '../resource.ts';
import { age } from './age.ts';
import { CLUSTER_COLUMNS } from './cluster-columns.ts';
import { AGE, type Cell, type Column, NAME } from './column.ts';
import { parseJsonPath } from './json-path.ts';
import { WORKLOAD_COLUMNS } from './workload-columns.ts';

export interface TableOptions {
  readonly resource: Resource;
  readonly version: ResourceVersion;
  /** What each row carries of its object, as the request's `includeObject`. */
  readonly include: 'None' | 'Metadata' | 'Object';
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/** The server-side printing that `kubectl get` asks for: headings and cells, in meta.k8s.io/v1. */
export function toTable(objects: readonly KubeObject[], listMeta: object, options: TableOptions) {
  const columns = columnsOf(options.resource, options.version);
  return {
    kind: 'Table',
    apiVersion: 'meta.k8s.io/v1',
    metadata: listMeta,
    columnDefinitions: columns.map(({ name, type, format, description, priority }) => ({
      name,
      type,
      format,
      description,
      priority,
    })),
    rows: objects.map((object) => ({
      cells: columns.map((column) => column.cell(object, options.now)),
      ...rowObject(object, options.include),
    })),
  };
}

function rowObject(object: KubeObject, include: TableOptions['include']) {
  if (include === 'None') return {};
  return { object: include === 'Object' ? object : metadataOnly(object) };
}

export const metadataOnly = (object: KubeObject) => ({
  kind: 'PartialObjectMetadata',
  apiVersion: 'meta.k8s.io/v1',
  metadata: object.metadata,
});

function columnsOf(resource: Resource, version: ResourceVersion): readonly Column[] {
  const name = resourceName(resource);
  const builtin = WORKLOAD_COLUMNS.get(name) ?? CLUSTER_COLUMNS.get(name);
  if (builtin !== undefined) return builtin;
  return version.columns === undefined ? [NAME, AGE] : [NAME, ...version.columns.map(printerColumn)];
}

function printerColumn(definition: PrinterColumn): Column {
  const read = parseJsonPath(definition.jsonPath);
  return {
    name: definition.name,
    type: definition.type,
    format: definition.format ?? '',
    description: definition.description ?? '',
    priority: definition.priority ?? 0,
    cell: (object, now) => printedCell(read?.(object) ?? [], definition.type, now),
  };
}

function printedCell(values: readonly unknown[], type: PrinterColumn['type'], now: number): Cell {
  const [first] = values;
  if (first === undefined || first === null) return type === 'date' ? '<unknown>' : null;
  if (type === 'date') return age(first, now);
  if ((type === 'integer' || type === 'number') && typeof first === 'number') return first;
  if (type === 'boolean' && typeof first === 'boolean') return first;
  return values.map((value) => (typeof value === 'object' ? JSON.stringify(value) : String(value))).join(',');
}
