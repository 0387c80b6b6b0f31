import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { BACKEND_PORTS } from './names.ts';

const BLOB_BYTES = 1024 * 1024;

/** Writes what the backend serves and how, and returns its command. `directory` should be in memory. */
export function prepareBackend(directory: string): string[] {
  const config = join(directory, 'backend.conf');
  mkdirSync(join(directory, 'v1/uploads'), { recursive: true });
  writeFileSync(join(directory, 'blob'), Buffer.alloc(BLOB_BYTES, 'x'));
  writeFileSync(config, nginxConfig(directory));
  return ['nginx', '-e', 'stderr', '-c', config];
}

// A PUT is answered once it has been read whole, which `return` would not wait for.
const nginxConfig = (directory: string) => `
daemon off;
user root;
worker_processes 1;
pid ${directory}/backend.pid;
events { worker_connections 22000; }
http {
  access_log off;
  default_type application/json;
  sendfile on;
  tcp_nopush on;
  keepalive_requests 1000000000;
  keepalive_timeout 1h;
  client_body_temp_path ${directory}/backend-body;
  proxy_temp_path ${directory}/backend-proxy;
  fastcgi_temp_path ${directory}/backend-fastcgi;
  uwsgi_temp_path ${directory}/backend-uwsgi;
  scgi_temp_path ${directory}/backend-scgi;
  server {
    listen ${BACKEND_PORTS.http1} backlog=4096;
    listen ${BACKEND_PORTS.h2c} http2 backlog=4096;
    root ${directory};
    location / { return 200 '{"id":7,"name":"an item","price":"12.50","currency":"EUR"}'; }
    location /v1/blobs/ { try_files /blob =404; }
    location /v1/uploads/ {
      client_max_body_size 2m;
      dav_methods PUT;
    }
  }
}
`;
