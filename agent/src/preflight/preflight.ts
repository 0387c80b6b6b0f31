import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { probeAbilities } from '../capture/abilities.ts';
import { NetnsDoor } from '../capture/inside.ts';
import type { Config } from '../config/load.ts';
import { systemClock } from '../kernel/clock.ts';
import { raiseDescriptorLimit } from '../kernel/libc-limits.ts';
import { messageOf } from '../kernel/message-of.ts';
import { connectKube, type KubeClient } from '../kube/client.ts';
import { ClusterWatch } from '../kube/cluster-watch.ts';
import { WATCH_DEFAULTS } from '../kube/watch.ts';
import { parseProcessStatus } from '../roles/process-status.ts';
import { type Check, fatal, fine, warning } from './check.ts';
import { checkConfinement } from './confinement.ts';
import { judgeAbilities } from './kernel.ts';
import { checkKubeApi } from './kube-api.ts';
import { checkNamespaces } from './namespaces.ts';
import { checkPrivileges } from './privileges.ts';

/** Every proxied connection takes two, every pod about three. */
const FEW_DESCRIPTORS = 65_536n;

/** Everything that an agent with these settings needs here. Changes nothing: what it makes it takes away again. */
export async function runPreflight(config: Config): Promise<Check[]> {
  const privileges = checkPrivileges(parseProcessStatus(readFileSync('/proc/self/status', 'utf8')).effective);
  return [
    privileges,
    checkConfinement(),
    checkNamespaces(config.netnsDir),
    // Without the privileges it could only say so again.
    ...(privileges.state === 'fatal' ? [] : await checkKernel(config)),
    checkRunDir(config.runDir),
    checkSetpriv(),
    checkDescriptors(),
    ...(await checkKube(config)),
  ];
}

/** On this thread and not on one of its own, as in the agent: nobody else pairs namespaces with this short process. */
async function checkKernel({ exemption, rules, packetGuard, gateTimeoutMs }: Config): Promise<Check[]> {
  const door = new NetnsDoor();
  try {
    return judgeAbilities(await probeAbilities(door, { exemption, rules, packetGuard, gateTimeoutMs }));
  } finally {
    door.close();
  }
}

function checkRunDir(runDir: string): Check {
  const file = join(runDir, `.preflight-${process.pid}`);
  try {
    mkdirSync(runDir, { recursive: true, mode: 0o700 });
    writeFileSync(file, '');
    rmSync(file);
    return fine('run directory', `\`${runDir}\` can be written to`);
  } catch (error) {
    return fatal(
      'run directory',
      messageOf(error),
      `mount a directory of the node at \`${runDir}\`, owned by root (chart: \`runDir\`)`,
    );
  }
}

function checkSetpriv(): Check {
  const { status, error } = spawnSync('setpriv', ['--version'], { encoding: 'utf8' });
  return status === 0
    ? fine('setpriv', 'there, so dataplanes can be started without privileges')
    : fatal('setpriv', `does not run: ${error?.message ?? `exit code ${status}`}`, 'install util-linux');
}

function checkDescriptors(): Check {
  const limit = raiseDescriptorLimit();
  return limit >= FEW_DESCRIPTORS
    ? fine('descriptors', `${limit} per process`)
    : warning(
        'descriptors',
        `${limit} per process: for about ${limit / 2n} connections`,
        'raise LimitNOFILE of the container runtime',
      );
}

async function checkKube(config: Config): Promise<Check[]> {
  let client: KubeClient;
  try {
    client = connectKube({ kubeconfig: config.kubeconfig, clock: systemClock, timeoutMs: 10_000 });
  } catch (error) {
    const found = messageOf(error);
    return [fatal('kube API', found, 'run in a pod with a service account, or give `--kubeconfig`')];
  }
  return checkKubeApi(client, watchedPaths(client, config));
}

/** From the agent's own watches, which are not started. */
function watchedPaths(client: KubeClient, config: Config): string[] {
  const silent = () => {};
  const watch = new ClusterWatch({
    context: {
      client,
      clock: systemClock,
      log: { info: silent, warn: silent, error: silent },
      random: Math.random,
      settings: WATCH_DEFAULTS,
    },
    node: config.node,
    nodePorts: config.nodePorts === 'on',
    listener: { message: silent, pods: silent, namespaces: silent, serviceLabels: silent },
  });
  return watch.status().watches.map(({ path }) => path);
}
