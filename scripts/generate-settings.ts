import { mkdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { settingsPage } from '../agent/src/config/reference.ts';
import { chartSchemaText } from './chart-schema.ts';

/** Writes `docs/reference/settings.md` and the schema of the chart's values; tests say when they are stale. */
const root = fileURLToPath(new URL('..', import.meta.url));
mkdirSync(`${root}docs/reference/`, { recursive: true });
writeFileSync(`${root}docs/reference/settings.md`, settingsPage());
writeFileSync(`${root}deploy/chart/values.schema.json`, chartSchemaText());
