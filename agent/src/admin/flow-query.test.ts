import { expect, it } from 'vitest';
import { deniedRecord, flowRecord } from '../../testing/flow-record.ts';
import { ServiceLabels } from '../identity/service-labels.ts';
import { matches } from '../sinks/flow-filter.ts';
import { parseFlowQuery } from './flow-query.ts';

const services = new ServiceLabels();
services.set('shop/orders', { tier: 'api' });
const parse = (query: string) => parseFlowQuery(new URLSearchParams(query), services);
const error = (query: string) => {
  const parsed = parse(query);
  return parsed.ok ? null : parsed.error;
};

it('asks for what is blocked, new ones only, when nothing is said', () => {
  const nobody = { all: false, namespace: null, from: null, fromLabels: null, to: null, toLabels: null };
  expect(parse('')).toEqual({ ok: true, value: { filter: nobody, since: null, follow: true } });
  expect(parse('fromLabels=&toLabels=')).toEqual(parse(''));
});

it('reads whose records are asked for', () => {
  const parsed = parse('from=shop/frontend&fromLabels=app%3Dfrontend&since=5&follow=0');
  if (!parsed.ok) throw new Error(parsed.error);
  const { filter, since, follow } = parsed.value;
  expect([since, follow]).toEqual([5, false]);
  expect(matches(filter, deniedRecord())).toBe(true);
  expect(matches({ ...filter, all: true }, flowRecord({ caller: null }))).toBe(false);
});

it('reads labels of the Services that are asked for', () => {
  const matched = (query: string) => {
    const parsed = parse(`all=1&${query}`);
    return parsed.ok && matches(parsed.value.filter, flowRecord());
  };
  expect(flowRecord().destination.services).toMatchObject([{ namespace: 'shop', service: 'orders' }]);
  expect(matched('toLabels=tier%3Dapi')).toBe(true);
  expect(matched('toLabels=tier!%3Dapi')).toBe(false);
  expect(matched('toLabels=tier%3Dapi&fromLabels=tier%3Dapi')).toBe(false);
});

it('says which parameter is wrong', () => {
  expect(error('since=yesterday')).toBe('since=yesterday (not a time in milliseconds since the epoch)');
  expect(error('fromLabels=a b')).toBe('fromLabels: unable to parse requirement: `a b`');
  expect(error('toLabels=a b')).toBe('toLabels: unable to parse requirement: `a b`');
  expect(error('label=app')).toBe('unknown parameter `label`');
});
