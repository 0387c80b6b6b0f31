import { PROTOCOLS } from '../cluster/names.ts';
import { HAPROXY, INTERCEPTING_HAPROXY } from './haproxy.ts';
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

// Who is not root has one user in the sandbox, and the redirect could not tell HAProxy from its caller.
const asAnotherUser = process.getuid?.() === 0 ? [INTERCEPTING_HAPROXY] : [];

export const SUBJECTS: readonly Subject[] = [DIRECT, HAPROXY, ...asAnotherUser, NGINX, HTTP_PROXY, EASTWALL];
