import { writeFileSync } from 'node:fs';
import { buildProgram } from '../agent/src/cli/program.ts';
import { commandsPage } from '../agent/src/cli/reference.ts';
import { EXIT } from '../agent/src/cli/terminal.ts';

/** Writes `docs/reference/cli.md`; a test says when it is stale. */
writeFileSync(
  new URL('../docs/reference/cli.md', import.meta.url),
  commandsPage(buildProgram({ code: EXIT.ok })),
);
