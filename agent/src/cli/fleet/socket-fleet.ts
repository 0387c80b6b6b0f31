import { connect } from 'node:net';
import { ok } from '../../kernel/result.ts';
import type { AgentLink, Fleet } from './fleet.ts';

/** Agents on this machine, by the paths of their sockets. `find` looks again which there are. */
export function socketFleet(find: () => readonly string[]): Fleet {
  return { changes: false, find: async () => ok(find().map(socketLink)) };
}

export const socketLink = (path: string): AgentLink => ({
  name: `at ${path}`,
  connect: (signal) =>
    new Promise((resolve, reject) => {
      const socket = connect(path);
      const abort = () => socket.destroy(signal.reason);
      signal.addEventListener('abort', abort, { once: true });
      socket.once('error', reject);
      socket.once('connect', () => {
        signal.removeEventListener('abort', abort);
        socket.off('error', reject);
        resolve(socket);
      });
    }),
});
