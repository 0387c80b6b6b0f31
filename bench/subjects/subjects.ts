import { PROTOCOLS } from '../cluster/names.ts';
import { HAPROXY } from './haproxy.ts';
import { HTTP_PROXY } from './http-proxy.ts';
import { NGINX } from './nginx.ts';
import type { Subject } from './subject.ts';

export const DIRECT: Subject = {
  name: 'direct',
  title: 'no proxy',
  protocols: PROTOCOLS,
  runs: { as: 'nothing' },
};
export const EASTWALL: Subject = {
  name: 'eastwall',
  title: 'eastwall, one dataplane, 1,000 policies',
  protocols: PROTOCOLS,
  runs: { as: 'agent' },
};

export const SUBJECTS: readonly Subject[] = [DIRECT, HAPROXY, NGINX, HTTP_PROXY, EASTWALL];
