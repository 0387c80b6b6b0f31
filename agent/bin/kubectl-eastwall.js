#!/usr/bin/env node
// `kubectl eastwall …`: kubectl runs what is called `kubectl-…` on the PATH. By that name the command line knows whose
// cluster it is about.
await import('./eastwall.js');
