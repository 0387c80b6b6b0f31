import { mkdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { metricsPage } from '../agent/src/admin/metrics-reference.ts';

/** Writes `docs/reference/metrics.md`; a test says when it is stale. */
const root = fileURLToPath(new URL('..', import.meta.url));
mkdirSync(`${root}docs/reference/`, { recursive: true });
writeFileSync(`${root}docs/reference/metrics.md`, metricsPage());
