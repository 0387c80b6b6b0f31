import type { KubeConfig } from '@kubernetes/client-node';
import { advised } from '../../kernel/advice.ts';
import type { KubeFailure } from '../../kube/failure.ts';

export interface KubeAdvice {
  /** For who has no right to what was asked. */
  readonly forbidden: string;
  /** Where what was asked about is not there. */
  readonly missing?: string;
}

/** Why the kube API gave nothing, and what to do about it. */
export function kubeProblem(failure: KubeFailure, config: KubeConfig, advice: KubeAdvice): string {
  const { status } = failure;
  const text = failure.message.trim();
  const message = OUT_OF_TIME.test(text) ? 'no answer in time' : text || 'it is not known why';
  const problem = `kube API (context \`${config.getCurrentContext()}\`): ${message}`;
  const todo = status === 0 ? unanswered(failure, config) : refused(status, advice);
  return todo === null ? problem : advised(problem, todo);
}

const OUT_OF_TIME = /aborted due to timeout/;
const SAME = '`kubectl get --raw /readyz`, with the same kubeconfig and context,';

function refused(status: number, { forbidden, missing }: KubeAdvice): string | null {
  switch (status) {
    case 401:
      return 'your credentials are not accepted, or not any more: log in to the cluster again';
    case 403:
      return forbidden;
    case 404:
      return missing ?? null;
    default:
      return status < 500 ? null : `if ${SAME} fails as well, the cluster has to be looked at first`;
  }
}

function unanswered({ reason, message }: KubeFailure, config: KubeConfig): string {
  const server = config.getCurrentCluster()?.server;
  if (reason === 'BadAnswer') return `is ${server} the API server, and no proxy that wants a login?`;
  const plugin = /spawn (\S+) ENOENT/.exec(message)?.[1];
  if (plugin !== undefined)
    return `the kubeconfig has \`${plugin}\` make credentials, which is not on the PATH`;
  if (/certificate|altnames/i.test(message))
    return `the kubeconfig does not trust the certificate of ${server}: does ${SAME} answer?`;
  return `does ${SAME} answer? If not, see to the VPN or the login, or choose another cluster: --context`;
}
