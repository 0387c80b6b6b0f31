import { readdirSync, readFileSync } from 'node:fs';
import { parse } from 'yaml';
import {
  API_POLICY,
  type ApiPolicy,
  type Decision,
  type Destination,
  EGRESS_POLICY,
  type EgressFacts,
  type EgressPolicy,
  type Facts,
  formatProblem,
  type Problem,
  parseApiPolicy,
  parseEgressPolicy,
  type Result,
  type Workload,
} from '../src/index.ts';
import { destination, outside, workload } from './builders.ts';

/** One file of `policy/cases`: a behaviour, as policies and what becomes of requests under them. */
export interface Case<Policy, Asked> {
  readonly file: string;
  readonly behaviour: string;
  readonly policies: readonly Policy[];
  readonly requests: readonly Expectation<Asked>[];
}

interface Expectation<Asked> {
  readonly title: string;
  readonly facts: Asked;
  readonly expected: Decision;
}

export interface EgressExpectation extends Expectation<EgressFacts> {
  /** Decided as soon as the caller connects. */
  readonly atConnect: boolean;
}

export interface EgressCase extends Case<EgressPolicy, EgressFacts> {
  readonly requests: readonly EgressExpectation[];
}

interface WrittenCase<Request> {
  readonly behaviour: string;
  readonly policies: readonly object[];
  readonly requests: readonly Request[];
}

interface WrittenRequest {
  readonly from?: Partial<Workload>;
  /** `namespace/service:port`, several separated by a space. */
  readonly to: string;
  /** Dialled port where it is not the first Service port. */
  readonly port?: number;
  /** `METHOD path`. */
  readonly ask: string;
  /** `verdict reason policy rule`; the last two where there are any. */
  readonly expect: string;
}

interface WrittenConnection {
  readonly from?: Partial<Workload>;
  /** `ip port`, or a Service as above. */
  readonly to: string;
  /** Server name or Host, as written. */
  readonly host?: string;
  /** `METHOD path` of HTTP; absent for TLS and opaque bytes. */
  readonly ask?: string;
  /** As above, with ` at connect` when that is already decided by address and port. */
  readonly expect: string;
}

const CASES = new URL('../cases/', import.meta.url);
const EGRESS_CASES = new URL('egress/', CASES);
const AT_CONNECT = ' at connect';

export function loadCases(): Case<ApiPolicy, Facts>[] {
  return load<WrittenRequest>(CASES).map(({ file, written: { behaviour, policies, requests } }) => ({
    file,
    behaviour,
    policies: policies.map((policy) => parsed(file, parseApiPolicy(headed(API_POLICY.kind, policy)))),
    requests: requests.map(({ from, to, port, ask, expect }) => ({
      title: titleOf({ ask, to, from }),
      facts: {
        caller: workload(from),
        destination: parseDestination(to, port),
        operation: parseOperation(ask),
      },
      expected: parseDecision(expect),
    })),
  }));
}

export function loadEgressCases(): EgressCase[] {
  return load<WrittenConnection>(EGRESS_CASES).map(
    ({ file, written: { behaviour, policies, requests } }) => ({
      file,
      behaviour,
      policies: policies.map((policy) => parsed(file, parseEgressPolicy(headed(EGRESS_POLICY.kind, policy)))),
      requests: requests.map(({ from, to, host = '', ask, expect }) => ({
        title: titleOf({ ask: `${ask ?? 'bytes'} for ${host || 'no host'}`, to, from }),
        facts: {
          caller: workload(from),
          destination: parseOutside(to),
          host,
          operation: ask === undefined ? null : parseOperation(ask),
        },
        expected: parseDecision(expect.replace(AT_CONNECT, '')),
        atConnect: expect.endsWith(AT_CONNECT),
      })),
    }),
  );
}

function load<Request>(folder: URL): { file: string; written: WrittenCase<Request> }[] {
  return readdirSync(folder)
    .filter((file) => file.endsWith('.yaml'))
    .sort()
    .map((file) => ({ file, written: parse(readFileSync(new URL(file, folder), 'utf8')) }));
}

function headed(kind: string, written: object): object {
  return { apiVersion: 'eastwall.dev/v1alpha1', kind, ...written };
}

function parsed<Policy>(file: string, result: Result<Policy, readonly Problem[]>): Policy {
  if (!result.ok) throw new Error(`${file}: ${result.error.map(formatProblem).join('; ')}`);
  return result.value;
}

function titleOf({
  ask,
  to,
  from,
}: {
  ask: string;
  to: string;
  from: Partial<Workload> | undefined;
}): string {
  return `${ask} to ${to}${from ? ` from ${JSON.stringify(from)}` : ''}`;
}

function parseOperation(ask: string) {
  const [method = '', path = ''] = ask.split(' ');
  return { method, path };
}

function parseOutside(to: string): Destination {
  const [ip, port] = to.split(' ');
  return port === undefined ? parseDestination(to, undefined) : outside(ip, Number(port));
}

function parseDestination(to: string, dialled: number | undefined): Destination {
  const services = to === 'nowhere' ? [] : to.split(' ').map(parseService);
  return destination({ services, port: dialled ?? services[0]?.port ?? 443 });
}

function parseService(text: string) {
  const [namespace = '', service = '', port = ''] = text.split(/[/:]/);
  return { namespace, service, port: Number(port) };
}

function parseDecision(text: string): Decision {
  const [verdict, reason, policy = null, rule = null] = text.split(' ');
  // Compared as a whole with a real decision, so a misspelled verdict or reason fails the test.
  return { verdict, reason, policy, rule } as Decision;
}
