import { readdirSync, readFileSync } from 'node:fs';
import { parse } from 'yaml';
import {
  type ApiPolicy,
  type Decision,
  type Destination,
  type Facts,
  formatProblem,
  parseApiPolicy,
  type Workload,
} from '../src/index.ts';
import { destination, workload } from './builders.ts';

/** One file of `policy/cases`: a behaviour, as policies and what becomes of requests under them. */
export interface Case {
  readonly file: string;
  readonly behaviour: string;
  readonly policies: readonly ApiPolicy[];
  readonly requests: readonly {
    readonly title: string;
    readonly facts: Facts;
    readonly expected: Decision;
  }[];
}

interface WrittenCase {
  readonly behaviour: string;
  readonly policies: readonly object[];
  readonly requests: readonly {
    readonly from?: Partial<Workload>;
    /** `namespace/service:port`, several separated by a space. */
    readonly to: string;
    /** Dialled port where it is not the first Service port. */
    readonly port?: number;
    /** `METHOD path`. */
    readonly ask: string;
    /** `verdict reason policy rule`; the last two where there are any. */
    readonly expect: string;
  }[];
}

const FOLDER = new URL('../cases/', import.meta.url);

export function loadCases(): Case[] {
  return readdirSync(FOLDER)
    .filter((file) => file.endsWith('.yaml'))
    .sort()
    .map((file) => loadCase(file, parse(readFileSync(new URL(file, FOLDER), 'utf8'))));
}

function loadCase(file: string, { behaviour, policies, requests }: WrittenCase): Case {
  return {
    file,
    behaviour,
    policies: policies.map((written) => parsePolicy(file, written)),
    requests: requests.map(({ from, to, port, ask, expect }) => {
      const [method = '', path = ''] = ask.split(' ');
      const facts = {
        caller: workload(from),
        destination: parseDestination(to, port),
        operation: { method, path },
      };
      return {
        title: `${ask} to ${to}${from ? ` from ${JSON.stringify(from)}` : ''}`,
        facts,
        expected: parseDecision(expect),
      };
    }),
  };
}

function parsePolicy(file: string, written: object): ApiPolicy {
  const parsed = parseApiPolicy({ apiVersion: 'eastwall.dev/v1alpha1', kind: 'ApiPolicy', ...written });
  if (!parsed.ok) throw new Error(`${file}: ${parsed.error.map(formatProblem).join('; ')}`);
  return parsed.value;
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
