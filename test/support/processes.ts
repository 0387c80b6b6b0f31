import { readdirSync, readFileSync } from 'node:fs';
import type { SandboxHandle } from '../../agent/src/sandbox/start-sandbox.ts';

interface Process {
  readonly pid: number;
  readonly parent: number;
  readonly command: string;
  readonly environment: string;
}

/** Every process of the machine: those in a sandbox's process namespace have a number out here, too. */
function processes(): Process[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      try {
        const stat = readFileSync(`/proc/${name}/stat`, 'utf8');
        const parent = Number(stat.slice(stat.lastIndexOf(')') + 4).split(' ')[0]);
        const command = readFileSync(`/proc/${name}/cmdline`, 'utf8').replaceAll('\0', ' ');
        const environment = readFileSync(`/proc/${name}/environ`, 'utf8');
        return [{ pid: Number(name), parent, command, environment }];
      } catch {
        return [];
      }
    });
}

const DATAPLANE = 'roles/dataplane.ts';

/** The control process of a node's agent, by its number outside the sandbox. */
export function controlProcess(sandbox: SandboxHandle, node: string): number {
  const runDir = `${sandbox.stateDir}/nodes/${node}/run`;
  const all = processes();
  const dataplanes = all.filter(({ command }) => command.includes(DATAPLANE));
  const control = all.find(
    ({ pid, environment }) => environment.includes(runDir) && dataplanes.some(({ parent }) => parent === pid),
  );
  if (control === undefined) throw new Error(`no agent runs on ${node}`);
  return control.pid;
}

/** The dataplane processes of a node's agent. */
export function dataplaneProcesses(sandbox: SandboxHandle, node: string): number[] {
  const control = controlProcess(sandbox, node);
  return processes()
    .filter(({ parent, command }) => parent === control && command.includes(DATAPLANE))
    .map(({ pid }) => pid);
}

/** The dataplane that calls itself `pid`, as `status` shows it, by its number outside the sandbox. */
export function dataplaneProcess(sandbox: SandboxHandle, node: string, pid: number | null): number {
  const found = dataplaneProcesses(sandbox, node).find((outside) => {
    const [, numbers = ''] = /^NSpid:\s+(.*)$/m.exec(readFileSync(`/proc/${outside}/status`, 'utf8')) ?? [];
    return Number(numbers.split('\t').at(-1)) === pid;
  });
  if (found === undefined) throw new Error(`no dataplane of ${node} is process ${pid}`);
  return found;
}
