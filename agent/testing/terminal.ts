import type { Asking, Fleet } from '../src/cli/fleet/fleet.ts';
import { socketFleet } from '../src/cli/fleet/socket-fleet.ts';
import { plain } from '../src/cli/format/colour.ts';
import type { Terminal } from '../src/cli/terminal.ts';

/** A terminal that keeps what is written; its clock stands at a little after the findings and operations of tests. */
export function aTerminal() {
  const written = { out: '', error: '' };
  const terminal: Terminal = {
    out: (text) => {
      written.out += text;
    },
    error: (text) => {
      written.error += text;
    },
    progress: () => {},
    paint: plain,
    columns: 80,
    env: {},
    now: () => Date.UTC(2026, 0, 2, 3, 5, 5),
  };
  return { terminal, written };
}

/** A command's question to a fleet, or to the agents at some sockets. */
export function anAsking(of: Fleet | readonly string[], ending = new AbortController()) {
  const { terminal, written } = aTerminal();
  const fleet = 'find' in of && 'changes' in of ? of : socketFleet(() => of as readonly string[]);
  const asking: Asking = { fleet, terminal, signal: ending.signal, timeoutMs: 10_000 };
  return { asking, written };
}
