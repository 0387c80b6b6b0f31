import { join } from 'node:path';
import { AGENT, bundle } from './bundle.ts';

// `node scripts/build.ts`: bundles the agent into `agent/dist`. A process that runs from there needs no compiler in
// its memory and loads of each library only what is used; whatever runs from the sources needs no build.

await bundle({
  out: join(AGENT, 'dist'),
  programs: ['cli/main', 'roles/dataplane', 'roles/capture-worker'],
  // The sandbox is for development, and as large as the rest: it runs from the sources only, where `bin` sees to that.
  without: { sandbox: 'the sandbox needs a checkout' },
});
