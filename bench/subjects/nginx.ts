import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { BACKEND_PORTS, PEER_PORTS } from '../cluster/names.ts';
import { ALLOWED } from '../load/operations.ts';
import type { Stage, Subject } from './subject.ts';

export const NGINX: Subject = {
  name: 'nginx',
  title: 'nginx, one worker',
  // It speaks HTTP/2 with callers only.
  protocols: ['http1'],
  runs: { as: 'peer', command },
};

function command(stage: Stage): string[] {
  const file = join(stage.directory, 'nginx.conf');
  writeFileSync(file, config(stage));
  return ['nginx', '-e', 'stderr', '-c', file];
}

const locations = ALLOWED.map(
  ({ method, pattern }) => `
    location ~ ^${pattern}$ {
      limit_except ${method} { deny all; }
      proxy_pass http://backend;
    }`,
).join('');

const config = ({ directory, backendIp }: Stage) => `
daemon off;
user root;
worker_processes 1;
pid ${directory}/nginx.pid;
events { worker_connections 22000; }
http {
  access_log off;
  keepalive_requests 1000000000;
  keepalive_timeout 1h;
  client_max_body_size 0;
  proxy_http_version 1.1;
  proxy_set_header Connection "";
  proxy_set_header Host $host;
  proxy_request_buffering off;
  client_body_temp_path ${directory}/body;
  proxy_temp_path ${directory}/proxy;
  fastcgi_temp_path ${directory}/fastcgi;
  uwsgi_temp_path ${directory}/uwsgi;
  scgi_temp_path ${directory}/scgi;
  upstream backend {
    server ${backendIp}:${BACKEND_PORTS.http1};
    keepalive 64;
    keepalive_requests 1000000000;
    keepalive_timeout 1h;
  }
  server {
    listen 127.0.0.1:${PEER_PORTS.http1} backlog=4096;
    ${locations}
    location / { return 403; }
  }
}
`;
