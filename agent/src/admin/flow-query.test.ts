import { expect, it } from 'vitest';
import { deniedRecord, flowRecord } from '../../testing/flow-record.ts';
import { matches } from '../sinks/flow-filter.ts';
import { parseFlowQuery } from './flow-query.ts';

const parse = (query: string) => parseFlowQuery(new URLSearchParams(query));
const error = (query: string) => {
  const parsed = parse(query);
  return parsed.ok ? null : parsed.error;
};

it('asks for what is blocked, new ones only, when nothing is said', () => {
  const nobody = { all: false, namespace: null, from: null, fromLabels: null, to: null };
  expect(parse('')).toEqual({ ok: true, value: { filter: nobody, since: null, follow: true } });
  expect(parse('fromLabels=')).toEqual(parse(''));
});

it('reads whose records are asked for', () => {
  const parsed = parse('from=shop/frontend&fromLabels=app%3Dfrontend&since=5&follow=0');
  if (!parsed.ok) throw new Error(parsed.error);
  const { filter, since, follow } = parsed.value;
  expect([since, follow]).toEqual([5, false]);
  expect(matches(filter, deniedRecord())).toBe(true);
  expect(matches({ ...filter, all: true }, flowRecord({ caller: null }))).toBe(false);
});

it('says which parameter is wrong', () => {
  expect(error('since=yesterday')).toBe('since=yesterday (not a time in milliseconds since the epoch)');
  expect(error('fromLabels=a b')).toBe('fromLabels: unable to parse requirement: `a b`');
  expect(error('label=app')).toBe('unknown parameter `label`');
});
