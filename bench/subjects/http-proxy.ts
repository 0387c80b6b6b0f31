import { join } from 'node:path';
import { BACKEND_PORTS, PEER_PORTS } from '../cluster/names.ts';
import type { Stage, Subject } from './subject.ts';

export const HTTP_PROXY: Subject = {
  name: 'http-proxy',
  title: 'http-proxy on Node',
  protocols: ['http1'],
  runs: { as: 'peer', command },
};

function command({ backendIp }: Stage): string[] {
  const server = join(import.meta.dirname, 'http-proxy-server.ts');
  return [process.execPath, server, String(PEER_PORTS.http1), `http://${backendIp}:${BACKEND_PORTS.http1}`];
}
