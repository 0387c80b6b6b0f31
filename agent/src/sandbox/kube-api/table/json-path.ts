import { isRecord } from '../object.ts';

type Step = (values: readonly unknown[]) => readonly unknown[];

/** Reads a simple Kubernetes JSONPath (`.status.conditions[?(@.type=="Ready")].status`); undefined when it is none. */
export function parseJsonPath(path: string): ((value: unknown) => readonly unknown[]) | undefined {
  const steps: Step[] = [];
  let rest = path.startsWith('{') && path.endsWith('}') ? path.slice(1, -1) : path;
  rest = rest.startsWith('$') ? rest.slice(1) : rest;
  while (rest !== '' && rest !== '.') {
    const next = nextStep(rest);
    if (next === undefined) return undefined;
    steps.push(next.step);
    rest = rest.slice(next.length);
  }
  return (value) => steps.reduce<readonly unknown[]>((values, step) => step(values), [value]);
}

const MEMBER = /^\.((?:[^.[\]\\]|\\.)+)/;
const QUOTED = /^\[(?:'([^']*)'|"([^"]*)")\]/;
const INDEX = /^\[(-?\d+)\]/;
const WILDCARD = /^(?:\[\*\]|\.\*)/;
const FILTER = /^\[\?\(\s*@((?:\.[^=!<>\s]+)+)\s*(==|!=)\s*(?:"([^"]*)"|'([^']*)'|([^)\s]+))\s*\)\]/;

function nextStep(rest: string): { readonly step: Step; readonly length: number } | undefined {
  const wildcard = WILDCARD.exec(rest);
  if (wildcard !== null) return { step: flatMap(membersOf), length: wildcard[0].length };
  const name = MEMBER.exec(rest);
  if (name !== null) {
    const unescaped = (name[1] ?? '').replaceAll(/\\(.)/g, '$1');
    return { step: flatMap((value) => memberOf(value, unescaped)), length: name[0].length };
  }
  const quoted = QUOTED.exec(rest);
  if (quoted !== null) {
    const key = quoted[1] ?? quoted[2] ?? '';
    return { step: flatMap((value) => memberOf(value, key)), length: quoted[0].length };
  }
  const index = INDEX.exec(rest);
  if (index !== null) {
    const position = Number(index[1]);
    return { step: flatMap((value) => itemOf(value, position)), length: index[0].length };
  }
  return filterStep(rest);
}

function filterStep(rest: string) {
  const filter = FILTER.exec(rest);
  if (filter === null) return undefined;
  const [whole, path = '', operator, double, single, bare] = filter;
  const read = parseJsonPath(path);
  if (read === undefined) return undefined;
  const wanted = double ?? single ?? bare ?? '';
  const passes = (item: unknown) => (String(read(item)[0] ?? '') === wanted) === (operator === '==');
  return {
    step: flatMap((value) => (Array.isArray(value) ? value.filter(passes) : [])),
    length: whole.length,
  };
}

const flatMap =
  (read: (value: unknown) => readonly unknown[]): Step =>
  (values) =>
    values.flatMap((value) => [...read(value)]);

const memberOf = (value: unknown, name: string): readonly unknown[] =>
  isRecord(value) && value[name] !== undefined ? [value[name]] : [];

const membersOf = (value: unknown): readonly unknown[] =>
  Array.isArray(value) ? value : isRecord(value) ? Object.values(value) : [];

function itemOf(value: unknown, position: number): readonly unknown[] {
  const item: unknown = Array.isArray(value) ? value.at(position) : undefined;
  return item === undefined ? [] : [item];
}
