import { join } from 'node:path';
import { BACKEND_PORT, PEER_PORT } from '../cluster/names.ts';
import type { Stage, Subject } from './subject.ts';

export const HTTP_PROXY: Subject = {
  name: 'http-proxy',
  title: 'http-proxy on Node',
  runs: { as: 'peer', command },
};

function command({ backendIp }: Stage): string[] {
  const server = join(import.meta.dirname, 'http-proxy-server.ts');
  return [process.execPath, server, String(PEER_PORT), `http://${backendIp}:${BACKEND_PORT}`];
}
