import type { KubeObject } from '../object.ts';
import { metadataOnly, type TableOptions, toTable } from '../table/table.ts';
import { type ApiRequest, atVersion } from './exchange.ts';
import { type Shape, shapeFor } from './media.ts';
import type { Target } from './target.ts';

/** Turns stored objects into what one request asked to see: whole, as a table, or metadata only. */
export interface Presenter {
  one(object: KubeObject): unknown;
  list(objects: readonly KubeObject[], listMeta: object): unknown;
}

export function presenterFor(request: ApiRequest, target: Target, now: () => number): Presenter {
  const shown = (object: KubeObject) => atVersion(object, target.apiVersion);
  const makers: Record<Shape, () => Presenter> = {
    object: () => ({
      one: shown,
      list: (objects, metadata) => ({
        kind: target.resource.listKind,
        apiVersion: target.apiVersion,
        metadata,
        items: objects.map(shown),
      }),
    }),
    metadata: () => ({
      one: metadataOnly,
      list: (objects, metadata) => ({
        kind: 'PartialObjectMetadataList',
        apiVersion: 'meta.k8s.io/v1',
        metadata,
        items: objects.map(metadataOnly),
      }),
    }),
    table: () => tablePresenter(target, includeOf(request), now),
  };
  return makers[shapeFor(request.accept)]();
}

function tablePresenter(target: Target, include: TableOptions['include'], now: () => number): Presenter {
  const { resource, version } = target;
  const list = (objects: readonly KubeObject[], metadata: object) =>
    toTable(
      objects.map((object) => atVersion(object, target.apiVersion)),
      metadata,
      { resource, version, include, now: now() },
    );
  return { list, one: (object) => list([object], { resourceVersion: object.metadata.resourceVersion }) };
}

function includeOf(request: ApiRequest): TableOptions['include'] {
  const asked = request.query.get('includeObject');
  return asked === 'None' || asked === 'Object' ? asked : 'Metadata';
}
