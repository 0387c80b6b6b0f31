import { expect, test } from 'vitest';
import { hashesOf } from '../../testing/lab/random.ts';
import { IdDelta } from './id-delta.ts';
import { PROVENANCE_LIMITS, ProvenanceFilter, type Source } from './provenance-filter.ts';

const explains = (filter: ProvenanceFilter, id: number) => filter.explains(hashesOf(id).h1, hashesOf(id).h2);

function show(filter: ProvenanceFilter, source: Source, ids: number): void {
  const message = { source, ids: 0 };
  for (let id = 0; id < ids; id++) filter.show(message, hashesOf(id), 0);
}

test('responses and own writes explain; each source is counted', () => {
  const filter = new ProvenanceFilter(PROVENANCE_LIMITS, 0);
  show(filter, 'response', 3);
  filter.show({ source: 'own-write', ids: 0 }, hashesOf(9), 0);
  expect([0, 2, 9, 10].map((id) => explains(filter, id))).toEqual([true, true, true, false]);
  expect(filter.inserts).toEqual({ response: 3, 'own-write': 1, peer: 0, inbound: 0 });
});

test('one message teaches a thousand ids, not more', () => {
  const filter = new ProvenanceFilter(PROVENANCE_LIMITS, 0);
  show(filter, 'response', 1_500);
  expect(filter.inserts.response).toBe(1_000);
  expect(filter.refused).toBe(500);
  expect(explains(filter, 1_400)).toBe(false);
});

test('an inbound request explains up to 64 ids, and only while it is served', () => {
  const filter = new ProvenanceFilter(PROVENANCE_LIMITS, 0);
  const request = filter.openInbound(0);
  for (let id = 0; id < 100_000; id++) filter.showInbound(request, hashesOf(id).h1, hashesOf(id).h2);
  expect([0, 63, 64, 99_999].map((id) => explains(filter, id))).toEqual([true, true, false, false]);
  filter.closeInbound(request);
  expect(explains(filter, 0)).toBe(false);
});

test('an id in two requests that are open explains until both are closed', () => {
  const filter = new ProvenanceFilter(PROVENANCE_LIMITS, 0);
  const requests = [filter.openInbound(0), filter.openInbound(0)];
  for (const request of requests) filter.showInbound(request, 1, 2);
  for (const request of requests) {
    expect(filter.explains(1, 2)).toBe(true);
    filter.closeInbound(request);
    filter.closeInbound(request);
  }
  expect(filter.explains(1, 2)).toBe(false);
});

test('a request that is never finished explains nothing after 30 s', () => {
  const filter = new ProvenanceFilter(PROVENANCE_LIMITS, 0);
  const request = filter.openInbound(0);
  filter.showInbound(request, 1, 2);
  filter.advance(29_999);
  expect(filter.explains(1, 2)).toBe(true);
  filter.advance(30_000);
  expect(filter.explains(1, 2)).toBe(false);
  filter.showInbound(request, 1, 2);
  expect(filter.explains(1, 2)).toBe(false);
});

test('open requests are bounded', () => {
  const filter = new ProvenanceFilter(PROVENANCE_LIMITS, 0);
  for (let i = 0; i < 5_000; i++) filter.showInbound(filter.openInbound(0), i, i);
  expect(filter.inserts.inbound).toBe(1_024);
  filter.advance(30_000);
  filter.showInbound(filter.openInbound(30_000), 1, 2);
  expect(filter.explains(1, 2)).toBe(true);
});

test('a first touch is one once in a while', () => {
  const filter = new ProvenanceFilter(PROVENANCE_LIMITS, 0);
  expect(filter.isFirstTouch(1, 2, 0)).toBe(true);
  expect(filter.isFirstTouch(1, 2, 1)).toBe(false);
  filter.advance(700_000);
  expect(filter.isFirstTouch(1, 2, 700_000)).toBe(true);
});

test('what was learnt here is told to others once; what came from others is not told again', () => {
  const delta = new IdDelta();
  const filter = new ProvenanceFilter(PROVENANCE_LIMITS, 0, delta);
  filter.show({ source: 'response', ids: 0 }, { h1: 1, h2: 2 }, 0);
  filter.show({ source: 'response', ids: 0 }, { h1: 1, h2: 2 }, 0);
  expect(filter.showPeers(Uint32Array.of(3, 4), 0)).toBe(0);
  expect(filter.explains(3, 4)).toBe(true);
  expect(delta.take()).toHaveLength(16);
});

test('what goes on being shown here is told again before others forget it', () => {
  const delta = new IdDelta();
  const filter = new ProvenanceFilter(PROVENANCE_LIMITS, 0, delta);
  const peer = new ProvenanceFilter(PROVENANCE_LIMITS, 0);
  for (let now = 0; now < 3 * 3_600_000; now += 60_000) {
    filter.advance(now);
    filter.show({ source: 'response', ids: 0 }, { h1: 1, h2: 2 }, now);
    const told = delta.take();
    if (told !== null) peer.showPeers(Uint32Array.of(1, 2), now);
    peer.advance(now);
    expect(peer.explains(1, 2)).toBe(true);
  }
});

test('others explain up to 5,000 ids a minute, and what is beyond is refused and counted', () => {
  const filter = new ProvenanceFilter(PROVENANCE_LIMITS, 0);
  const flood = Uint32Array.from({ length: 12_000 }, (_, at) => at);
  expect(filter.showPeers(flood, 0)).toBe(1_000);
  expect(filter.showPeers(flood, 59_999)).toBe(6_000);
  expect([filter.explains(9_998, 9_999), filter.explains(11_998, 11_999)]).toEqual([true, false]);
  expect(filter.showPeers(Uint32Array.of(11_998, 11_999), 60_000)).toBe(0);
  expect(filter.explains(11_998, 11_999)).toBe(true);
  expect(filter.inserts.peer).toBe(5_001);
});

test('what was refused of others is missing until it would have been forgotten', () => {
  const filter = new ProvenanceFilter(PROVENANCE_LIMITS, 0);
  const { periodMs } = PROVENANCE_LIMITS.shown;
  filter.showPeers(new Uint32Array(10_000), 0);
  expect(filter.isPartial(0)).toBe(false);
  filter.showPeers(new Uint32Array(2), 10_000);
  expect([filter.isPartial(10_000), filter.isPartial(10_000 + periodMs - 1)]).toEqual([true, true]);
  expect(filter.isPartial(10_000 + periodMs)).toBe(false);
});
