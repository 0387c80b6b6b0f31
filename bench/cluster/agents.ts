import type { SandboxHandle } from '../../agent/src/sandbox/start-sandbox.ts';
import { findBelow } from '../measure/process-tree.ts';
import { AGENT } from './topology.ts';

/** The processes of the agents of a sandbox; what they have started is below them. */
export const agentsOf = ({ state }: Pick<SandboxHandle, 'state'>): number[] =>
  findBelow(state.holder.pid, [process.execPath, ...process.execArgv, AGENT, 'agent']);
