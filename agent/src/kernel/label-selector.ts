import { err, ok, type Result } from './result.ts';

export type Labels = Readonly<Record<string, string>>;
export type LabelMatcher = (labels: Labels) => boolean;

const EQUALITY = /^([^=!<>()\s]+)\s*(==|=|!=|>|<)\s*([^=!<>()\s]*)$/;
const SET = /^([^=!<>()\s]+)\s+(in|notin)\s*\(([^()]*)\)$/;
const EXISTENCE = /^(!?)\s*([^=!<>()\s]+)$/;

/** Parses `app=web,tier!=db,env in (a,b),!gone`; every requirement has to hold. The error says which one is none. */
export function parseLabelSelector(text: string): Result<LabelMatcher, string> {
  const matchers: LabelMatcher[] = [];
  for (const part of requirements(text)) {
    const matcher = requirement(part);
    if (matcher === undefined) return err(`unable to parse requirement: \`${part}\``);
    matchers.push(matcher);
  }
  return ok((labels) => matchers.every((matches) => matches(labels)));
}

/** Splits at the commas outside parentheses. */
function requirements(text: string): string[] {
  return text
    .split(/,(?![^(]*\))/)
    .map((part) => part.trim())
    .filter((part, _, all) => part !== '' || all.length > 1);
}

function requirement(text: string): LabelMatcher | undefined {
  const set = SET.exec(text);
  if (set !== null) return setRequirement(set[1] ?? '', set[2] ?? '', set[3] ?? '');
  const equality = EQUALITY.exec(text);
  if (equality !== null) return equalityRequirement(equality[1] ?? '', equality[2] ?? '', equality[3] ?? '');
  const existence = EXISTENCE.exec(text);
  if (existence === null) return undefined;
  const [, absent, key = ''] = existence;
  return (labels) => Object.hasOwn(labels, key) === (absent === '');
}

function setRequirement(key: string, operator: string, list: string): LabelMatcher {
  const values = new Set(list.split(',').map((value) => value.trim()));
  return operator === 'in'
    ? (labels) => Object.hasOwn(labels, key) && values.has(labels[key] ?? '')
    : (labels) => !Object.hasOwn(labels, key) || !values.has(labels[key] ?? '');
}

/** An absent label is "not equal" to anything. */
function equalityRequirement(key: string, operator: string, value: string): LabelMatcher | undefined {
  switch (operator) {
    case '!=':
      return (labels) => labels[key] !== value;
    case '>':
    case '<':
      return orderRequirement(key, operator, value);
    default:
      return (labels) => labels[key] === value;
  }
}

function orderRequirement(key: string, operator: '>' | '<', value: string): LabelMatcher | undefined {
  if (!/^-?\d+$/.test(value)) return undefined;
  const bound = Number(value);
  return (labels) => {
    const own = labels[key];
    if (own === undefined || !/^-?\d+$/.test(own)) return false;
    return operator === '>' ? Number(own) > bound : Number(own) < bound;
  };
}
