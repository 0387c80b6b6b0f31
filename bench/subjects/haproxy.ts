import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { BACKEND_PORTS, PEER_PORTS } from '../cluster/names.ts';
import { IDLE_CONNECTIONS } from '../load/idle-connections.ts';
import { ALLOWED } from '../load/operations.ts';
import type { Stage, Subject } from './subject.ts';

export const HAPROXY: Subject = {
  name: 'haproxy',
  title: 'HAProxy, one thread',
  protocols: ['http1', 'h2c', 'tcp'],
  runs: { as: 'peer', command: (stage) => command(stage, '') },
};

const NOBODY = 65534;
/** What the agent does, too: the caller knows nothing of it. */
export const INTERCEPTING_HAPROXY: Subject = {
  ...HAPROXY,
  name: 'haproxy-intercepting',
  title: 'HAProxy, one thread, with the redirect that an interceptor needs',
  runs: { as: 'interceptor', command: (stage) => command(stage, `uid ${NOBODY}`), user: NOBODY },
};

function command(stage: Stage, identity: string): string[] {
  const file = join(stage.directory, 'haproxy.cfg');
  writeFileSync(file, config(stage, identity));
  return ['haproxy', '-db', '-f', file];
}

const acls = ALLOWED.flatMap(({ name, method, pattern }) => [
  `  acl ${name}-method method ${method}`,
  `  acl ${name}-path path_reg ^${pattern}$`,
]);
const allowed = ALLOWED.map(({ name }) => `${name}-path ${name}-method`).join(' or ');

// `http-reuse never`: like a transparent relay, it dials for each connection of the caller instead of pooling.
// Where a call was redirected, `dst_port` is the one that it was made to.
// The stick table is the work of a limit: the caller's rate is counted with every request, and never reached.
const config = ({ backendIp, streamIp }: Stage, identity: string) => `
global
  ${identity}
  nbthread 1
  maxconn ${IDLE_CONNECTIONS + 500}
defaults
  mode http
  http-reuse never
  timeout connect 5s
  timeout client 1h
  timeout server 1h
frontend caller
  bind 127.0.0.1:${PEER_PORTS.http1} backlog 4096
  bind 127.0.0.1:${PEER_PORTS.h2c} backlog 4096 proto h2
  stick-table type ip size 100k expire 10m store http_req_rate(10s)
  http-request track-sc0 src
  http-request deny deny_status 429 if { sc_http_req_rate(0) gt 1000000000 }
${acls.join('\n')}
  http-request deny deny_status 403 unless ${allowed}
  use_backend h2c if { dst_port ${PEER_PORTS.h2c} ${BACKEND_PORTS.h2c} }
  default_backend http1
frontend stream
  mode tcp
  bind 127.0.0.1:${PEER_PORTS.tcp} backlog 4096
  default_backend stream
backend stream
  mode tcp
  server stream ${streamIp}:${BACKEND_PORTS.tcp}
backend http1
  server backend ${backendIp}:${BACKEND_PORTS.http1}
backend h2c
  server backend ${backendIp}:${BACKEND_PORTS.h2c} proto h2
`;
