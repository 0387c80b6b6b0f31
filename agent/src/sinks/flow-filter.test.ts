import { describe, expect, it } from 'vitest';
import { deniedRecord, flowRecord } from '../../testing/flow-record.ts';
import { parseLabelSelector } from '../kernel/label-selector.ts';
import { EVERYTHING, type FlowFilter, isBlocked, matches, parseParty } from './flow-filter.ts';

const all = (differs: Partial<FlowFilter>): FlowFilter => ({ ...EVERYTHING, ...differs });

describe('isBlocked', () => {
  it('is what Eastwall ended or would have ended', () => {
    expect(isBlocked(flowRecord())).toBe(false);
    expect(isBlocked(deniedRecord())).toBe(true);
    expect(isBlocked(flowRecord({ verdict: 'would-deny' }))).toBe(true);
    expect(isBlocked(flowRecord({ outcome: 'malformed_request' }))).toBe(true);
    expect(isBlocked(flowRecord({ outcome: 'upstream_reset' }))).toBe(false);
  });
});

describe('matches', () => {
  const record = flowRecord();
  const external = flowRecord({
    host: 'API.Example.com:8443',
    destination: { key: '192.0.2.7:8443', ip: '192.0.2.7', port: 8443, services: [] },
  });

  it('hides what was plainly allowed unless everything is asked for', () => {
    expect(matches({ ...EVERYTHING, all: false }, record)).toBe(false);
    expect(matches({ ...EVERYTHING, all: false }, deniedRecord())).toBe(true);
    expect(matches(EVERYTHING, record)).toBe(true);
  });

  it.each([
    ['shop/frontend', true],
    ['frontend', true],
    ['shop/', true],
    ['frontend-5d9c7-x2x4z', true],
    ['shop/orders', false],
    ['other/frontend', false],
    ['other/', false],
  ])('from %s: %s', (from, expected) => {
    expect(matches(all({ from: parseParty(from) }), record)).toBe(expected);
  });

  it.each([
    ['app=frontend', true],
    ['app in (frontend,orders),!tier', true],
    ['app!=frontend', false],
    ['tier', false],
  ])('from pods with %s: %s', (selector, expected) => {
    const parsed = parseLabelSelector(selector);
    const fromLabels = parsed.ok ? parsed.value : null;
    expect(matches(all({ fromLabels }), record)).toBe(expected);
    expect(matches(all({ fromLabels }), flowRecord({ caller: null }))).toBe(false);
  });

  it.each([
    ['shop/orders', true],
    ['orders', true],
    ['shop/', true],
    ['shop/frontend', false],
    ['other/orders', false],
    ['10.96.0.10', true],
  ])('to %s: %s', (to, expected) => {
    expect(matches(all({ to: parseParty(to) }), record)).toBe(expected);
  });

  it('finds destinations outside the cluster by address or host', () => {
    expect(matches(all({ to: parseParty('api.example.com') }), external)).toBe(true);
    expect(matches(all({ to: parseParty('192.0.2.7') }), external)).toBe(true);
    expect(matches(all({ to: parseParty('example.com') }), external)).toBe(false);
  });

  it('takes a namespace on either side', () => {
    const across = flowRecord({ destination: { ...record.destination, services: [] } });
    expect(matches(all({ namespace: 'shop' }), across)).toBe(true);
    expect(matches(all({ namespace: 'shop' }), { ...record, caller: null })).toBe(true);
    expect(matches(all({ namespace: 'shop' }), { ...across, caller: null })).toBe(false);
  });

  it('never takes an unknown caller for somebody', () => {
    expect(matches(all({ from: parseParty('shop/') }), flowRecord({ caller: null }))).toBe(false);
  });
});
