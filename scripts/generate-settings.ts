import { mkdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { settingsPage } from '../agent/src/config/reference.ts';

/** Writes `docs/reference/settings.md`; a unit test says when it is stale. */
const directory = fileURLToPath(new URL('../docs/reference/', import.meta.url));
mkdirSync(directory, { recursive: true });
writeFileSync(`${directory}settings.md`, settingsPage());
