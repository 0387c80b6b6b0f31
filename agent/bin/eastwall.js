#!/usr/bin/env node
// The sources are TypeScript that Node itself strips, which the machine's Node may be too old for. This file is plain
// JavaScript for any Node from 18 on: it runs the sources, by the runtime in the checkout when this one can't.
import { spawn } from 'node:child_process';
import { existsSync, readdirSync, realpathSync } from 'node:fs';
import module from 'node:module';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const OLDEST_NODE = 24;
const checkout = fileURLToPath(new URL('../..', import.meta.url));

const major = Number(process.versions.node.split('.')[0]);
if (major >= OLDEST_NODE && process.features.typescript) {
  // Compiled code is kept between runs: half of what `eastwall tail` needs to start is compiling.
  module.enableCompileCache(join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'eastwall'));
  await import('../src/cli/main.ts');
} else {
  runWith(findRuntime());
}

function findRuntime() {
  const modules = join(checkout, '.runtime', 'node_modules');
  const names = existsSync(modules) ? readdirSync(modules) : [];
  const found = names
    .filter((name) => name.startsWith('node-linux-'))
    .map((name) => join(modules, name, 'bin', 'node'))
    .find((path) => existsSync(path) && realpathSync(path) !== realpathSync(process.execPath));
  if (found === undefined) {
    console.error(
      `eastwall: needs Node ${OLDEST_NODE} and this is ${process.version}; \`make setup\` in ${checkout} installs one`,
    );
    process.exit(1);
  }
  return found;
}

function runWith(node) {
  const child = spawn(node, process.argv.slice(1), { stdio: 'inherit' });
  // The terminal sends Ctrl-C to both processes; other signals come to this one only.
  process.on('SIGINT', () => {});
  for (const signal of ['SIGTERM', 'SIGHUP', 'SIGUSR2']) process.on(signal, () => child.kill(signal));
  child.on('error', (error) => {
    console.error(`eastwall: cannot run ${node}: ${error.message}`);
    process.exit(1);
  });
  child.on('exit', (code, signal) => {
    if (signal === null) process.exit(code ?? 1);
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
  });
}
