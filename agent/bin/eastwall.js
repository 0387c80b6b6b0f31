#!/usr/bin/env node
// The sources are TypeScript that Node itself strips, which the machine's Node may be too old for. This file is plain
// JavaScript for any Node from 18 on: it runs the bundle where there is a current one and else the sources, by the
// runtime in the checkout when this one can't.
import { spawn } from 'node:child_process';
import { existsSync, readdirSync, realpathSync, statSync } from 'node:fs';
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
  await import(runsBundle() ? '../dist/cli/main.js' : '../src/cli/main.ts');
} else {
  runWith(findRuntime());
}

/** An image has a bundle and no sources; in a checkout the bundle may be older than they are. The sandbox is not in it. */
function runsBundle() {
  const bundle = fileURLToPath(new URL('../dist/cli/main.js', import.meta.url));
  if (!existsSync(bundle)) return false;
  const sources = ['agent/src', 'policy/src'].map((folder) => join(checkout, folder)).filter(existsSync);
  if (sources.length === 0) return true;
  return (
    process.argv[2] !== 'sandbox' &&
    sources.every((folder) => !changedSince(folder, statSync(bundle).mtimeMs))
  );
}

/** Looks at folders, too: a file that was taken away changes its folder. */
function changedSince(folder, time) {
  const entries = readdirSync(folder, { withFileTypes: true, recursive: true });
  return [folder, ...entries.map((entry) => join(entry.parentPath ?? entry.path, entry.name))].some(
    (path) => statSync(path).mtimeMs > time,
  );
}

function findRuntime() {
  const modules = join(checkout, '.runtime', 'node_modules');
  const names = existsSync(modules) ? readdirSync(modules) : [];
  const found = names
    .filter((name) => name.startsWith('node-linux-'))
    .map((name) => join(modules, name, 'bin', 'node'))
    .find((path) => existsSync(path) && realpathSync(path) !== realpathSync(process.execPath));
  if (found === undefined) {
    const how = existsSync(join(checkout, 'scripts/setup.sh'))
      ? `\`make setup FOR=check\` in ${checkout} installs one`
      : 'https://nodejs.org/en/download has it';
    console.error(`eastwall: needs Node ${OLDEST_NODE} and this is ${process.version}\n  → ${how}`);
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
