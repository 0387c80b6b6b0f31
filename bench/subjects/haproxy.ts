import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { BACKEND_PORT, PEER_PORT } from '../cluster/names.ts';
import { ALLOWED } from '../load/operations.ts';
import type { Stage, Subject } from './subject.ts';

export const HAPROXY: Subject = {
  name: 'haproxy',
  title: 'HAProxy, one thread',
  runs: { as: 'peer', command },
};

function command(stage: Stage): string[] {
  const file = join(stage.directory, 'haproxy.cfg');
  writeFileSync(file, config(stage));
  return ['haproxy', '-db', '-f', file];
}

const acls = ALLOWED.flatMap(({ name, method, pattern }) => [
  `  acl ${name}-method method ${method}`,
  `  acl ${name}-path path_reg ^${pattern}$`,
]);
const allowed = ALLOWED.map(({ name }) => `${name}-path ${name}-method`).join(' or ');

const config = ({ backendIp }: Stage) => `
global
  nbthread 1
  maxconn 9500
defaults
  mode http
  timeout connect 5s
  timeout client 1h
  timeout server 1h
frontend caller
  bind 127.0.0.1:${PEER_PORT} backlog 4096
${acls.join('\n')}
  http-request deny deny_status 403 unless ${allowed}
  default_backend backend
backend backend
  server backend ${backendIp}:${BACKEND_PORT}
`;
