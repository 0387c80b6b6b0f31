import { KubeConfig } from '@kubernetes/client-node';
import { expect, it } from 'vitest';
import { badAnswer, refusal, unreachable } from '../../kube/failure.ts';
import { kubeProblem } from './kube-problem.ts';

const config = new KubeConfig();
config.loadFromClusterAndUser({ name: 'c', server: 'https://api.test', skipTLSVerify: true }, { name: 'u' });
config.setCurrentContext('prod');
config.contexts = [{ name: 'prod', cluster: 'c', user: 'u' }];

const ADVICE = { forbidden: 'ask for the role', missing: 'look elsewhere' };
const status = (code: number, message: string) => refusal(code, { kind: 'Status', message });

it.each([
  [status(403, 'pods is forbidden'), 'pods is forbidden', 'ask for the role'],
  [status(404, 'pods "x" not found'), 'pods "x" not found', 'look elsewhere'],
  [status(401, 'Unauthorized'), 'Unauthorized', /log in to the cluster again/],
  [status(503, ''), 'the kube API answered 503', /get --raw \/readyz/],
  [unreachable(new Error('connect ECONNREFUSED')), 'connect ECONNREFUSED', /VPN or the login.*--context/],
  [
    unreachable(new Error('spawn aws ENOENT')),
    'spawn aws ENOENT',
    /`aws` make credentials, .*not on the PATH/,
  ],
  [unreachable(new Error('self-signed certificate')), 'self-signed certificate', /https:\/\/api\.test/],
  [unreachable(AbortSignal.abort().reason), 'This operation was aborted', /--context/],
  [unreachable(new Error('The operation was aborted due to timeout')), 'no answer in time', /readyz/],
  // A plugin for credentials that fails without a word.
  [unreachable(new Error('')), 'it is not known why', /login/],
  [badAnswer('something else than JSON'), 'something else than JSON', /no proxy that wants a login/],
] as const)('%j is told with what to do', (failure, problem, advice) => {
  const [first, second = '', ...more] = kubeProblem(failure, config, ADVICE).split('\n');
  expect(first).toBe(`kube API (context \`prod\`): ${problem}`);
  expect(second).toMatch(/^ {2}→ /);
  expect(second).toMatch(advice);
  expect(more).toEqual([]);
});

it('has no advice for what it does not know', () => {
  expect(kubeProblem(status(409, 'conflict'), config, ADVICE)).toBe('kube API (context `prod`): conflict');
  expect(kubeProblem(status(404, 'gone'), config, { forbidden: '' })).toBe('kube API (context `prod`): gone');
});
