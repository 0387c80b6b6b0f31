import { startSandbox } from '../../agent/src/sandbox/start-sandbox.ts';

/** Starts a sandbox in a process of its own, for tests that kill it: `node up.ts <state dir> <topology as JSON>`. */
const [stateDir = '', topology = '{}'] = process.argv.slice(2);
const sandbox = await startSandbox({ stateDir, topology: JSON.parse(topology) });
process.stdout.write('ready\n');
await sandbox.ended;
