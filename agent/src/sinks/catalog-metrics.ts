import { Counter, Gauge, type Registry } from 'prom-client';

export interface KnownOperations {
  readonly size: number;
  readonly forgotten: number;
}

/** How full the catalog is. */
export function registerCatalogMetrics(registry: Registry, catalog: KnownOperations): void {
  new Gauge({
    name: 'eastwall_catalog_operations',
    help: 'Operations in the catalog of `eastwall apis`, as each dataplane knows them',
    registers: [registry],
    collect() {
      this.set(catalog.size);
    },
  });
  new Counter({
    name: 'eastwall_catalog_forgotten_total',
    help: 'Operations that were forgotten for want of room (`--max-operations`)',
    registers: [registry],
    collect() {
      this.reset();
      this.inc(catalog.forgotten);
    },
  });
}
