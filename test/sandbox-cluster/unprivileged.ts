import { startSandbox } from '../../agent/src/sandbox/start-sandbox.ts';
import { traces } from './traces.ts';

/** What a sandbox does for the user that this runs as; prints it as JSON. */
const SERVE = `require('node:http').createServer((_, response) => response.end('served')).listen(8080, '::')`;

const sandbox = await startSandbox({
  topology: {
    nodes: ['node-a', 'node-b'],
    agents: false,
    pods: [
      { name: 'web', node: 'node-a', ports: [8080], command: ['node', '-e', SERVE] },
      { name: 'client', node: 'node-b', command: ['sleep', 'infinity'] },
    ],
    services: [{ name: 'web', ports: [{ port: 80, targetPort: 8080 }] }],
  },
});
const { stateDir, state } = sandbox;
const sh = (script: string) => sandbox.exec('default/client', ['sh', '-c', script]);
const found = {
  userNamespace: state.userNamespace,
  v4: (await sh('curl -4 -sS -m 5 http://web/')).stdout,
  v6: (await sh('curl -6 -sS -m 5 http://web/')).stdout,
  exit: (await sh('exit 9')).code,
  capabilities: (await sh('grep CapEff /proc/self/status')).stdout.trim().split(/\s+/)[1],
  escapes: await Promise.all(
    ['ip link add x type dummy', 'mount -t tmpfs none /mnt'].map(async (how) => (await sh(how)).code),
  ),
  kubectl: (await sandbox.kubectl(['get', 'pods', '-o', 'name'])).stdout.trim().split('\n'),
};
await sandbox.stop();
process.stdout.write(JSON.stringify({ ...found, traces: traces(stateDir, state, stateDir) }));
