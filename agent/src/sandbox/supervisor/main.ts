import { join } from 'node:path';
import { systemClock } from '../../kernel/clock.ts';
import { jsonLine, onJsonLines } from '../process/json-lines.ts';
import { CONTROL_SOCKET, type SandboxSpec, type SupervisorEvent } from '../protocol.ts';
import { startControlServer } from './control-server.ts';
import { controlHandlers } from './handlers.ts';
import { startSupervisor } from './supervisor.ts';

/**
 * The first process of a sandbox's PID namespace. Its standard input is its lease of life: the launcher keeps it
 * open, and the kernel closes it when the launcher ends in whatever way.
 */
const emit = (event: SupervisorEvent) => process.stdout.write(jsonLine(event));
const log = (line: string) => emit({ kind: 'log', line });
const stop = () => process.exit(0);

for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, stop);
process.stdin.on('end', stop);
process.stdout.on('error', stop);

const received = new Promise<SandboxSpec>((resolve) => {
  onJsonLines(process.stdin, (value) => resolve(value as SandboxSpec));
});

try {
  const spec = await received;
  const supervisor = await startSupervisor({ spec, clock: systemClock, log });
  await startControlServer(join(spec.stateDir, CONTROL_SOCKET), controlHandlers(supervisor, stop));
  emit({ kind: 'ready', summary: supervisor.summary() });
} catch (error) {
  emit({ kind: 'failed', reason: error instanceof Error ? error.message : String(error) });
  process.exit(1);
}
