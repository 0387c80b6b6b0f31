import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { ocsfPage } from './ocsf-page.ts';

/** Writes `docs/reference/ocsf.md`; a test says when it is stale. */
writeFileSync(fileURLToPath(new URL('../docs/reference/ocsf.md', import.meta.url)), ocsfPage());
