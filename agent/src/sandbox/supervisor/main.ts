import { join } from 'node:path';
import { systemClock } from '../../kernel/clock.ts';
import { messageOf } from '../../kernel/message-of.ts';
import { jsonLine, onJsonLines } from '../process/json-lines.ts';
import { CONTROL_SOCKET, type SandboxSpec, type SupervisorEvent } from '../protocol.ts';
import { startControlServer } from './control-server.ts';
import { controlHandlers } from './handlers.ts';
import { leave } from './leave.ts';
import { reapOrphans } from './orphans.ts';
import { startSupervisor } from './supervisor.ts';

/**
 * The first process of a sandbox's PID namespace. Its standard input is its lease of life: the launcher keeps it
 * open, and the kernel closes it when the launcher ends in whatever way.
 */
const LEAVE_TIMEOUT_MS = 4000;

// INVARIANT: pid 1. `leave` kills every process that it can see.
if (process.pid !== 1) throw new Error('only for the first process of a PID namespace');

reapOrphans();

const emit = (event: SupervisorEvent) => process.stdout.write(jsonLine(event));
const received = Promise.withResolvers<SandboxSpec>();
let leaving = false;
// What fails while everything is taken away has no meaning for anybody: `iptables-restore` that was killed, for one.
const log = (line: string) => {
  if (!leaving) emit({ kind: 'log', line });
};

function end(exitCode: number): void {
  if (leaving) return;
  leaving = true;
  setTimeout(() => process.exit(exitCode), LEAVE_TIMEOUT_MS);
  void received.promise.then(leave).finally(() => process.exit(exitCode));
}

for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => end(0));
process.stdin.on('close', () => end(0));
process.stdout.on('error', () => end(0));
onJsonLines(process.stdin, (value) => received.resolve(value as SandboxSpec));

try {
  const spec = await received.promise;
  const supervisor = await startSupervisor({ spec, clock: systemClock, log });
  const handlers = controlHandlers(supervisor, () => end(0));
  await startControlServer(join(spec.stateDir, CONTROL_SOCKET), handlers);
  emit({ kind: 'ready', summary: supervisor.summary() });
} catch (error) {
  // Half a start that is being taken away again fails, and that is nobody's concern.
  if (!leaving) emit({ kind: 'failed', reason: messageOf(error) });
  end(1);
}
