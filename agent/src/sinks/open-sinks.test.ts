import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { eventually } from '../../../test/support/eventually.ts';
import { aFinding } from '../../testing/findings.ts';
import { deniedRecord } from '../../testing/flow-record.ts';
import { violations } from '../../testing/ocsf-schema.ts';
import { readLogs, readSpans } from '../../testing/otlp-reader.ts';
import { load } from '../config/load.ts';
import { type AgentEvent, exchangeEvent, findingEvent } from '../events/agent-event.ts';
import { type OpenSink, openSinks } from './open-sinks.ts';

let directory = '';
let collector: Server;
/** The status of what is answered next. */
let answer = 200;
const received = new Map<string, string[]>();
let sinks: OpenSink[] = [];

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'sinks-'));
  answer = 200;
  received.clear();
  collector = createServer(async (request, response) => {
    let body = '';
    for await (const part of request) body += part;
    const { url = '' } = request;
    if (answer === 200) received.set(url, [...(received.get(url) ?? []), body]);
    response.writeHead(answer).end('{}');
  });
  await new Promise<void>((resolve) => collector.listen(0, '127.0.0.1', resolve));
});
afterEach(async () => {
  await Promise.all(sinks.splice(0).map((sink) => sink.close(0)));
  collector.closeAllConnections();
  collector.close();
  await rm(directory, { recursive: true, force: true });
});

/** Sinks as flags make them, beside what every test needs. */
function open(flags: Readonly<Record<string, string>>): void {
  const { port } = collector.address() as AddressInfo;
  const url = (path: string) => `http://127.0.0.1:${port}${path}`;
  const loaded = load({
    flags: {
      'run-dir': directory,
      'export-linger': '1ms',
      'export-max-retry-delay': '1s',
      'webhook-url': url('/hook'),
      'otlp-url': url('/otlp/'),
      ...flags,
    },
    env: {},
    machine: { hostname: 'node-1', cores: 2 },
  });
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.error));
  sinks = openSinks(loaded.value, {
    reporter: { node: 'node-1', version: '0.1.0', paths: 'template' },
    log: { info: () => {}, warn: () => {} },
    now: Date.now,
    random: Math.random,
    newId: (bytes) => 'c'.repeat(2 * bytes),
  });
}

const tell = (...events: AgentEvent[]) => {
  for (const event of events) for (const sink of sinks) sink.accept(event);
};
const EVENTS = [exchangeEvent(deniedRecord()), findingEvent(aFinding(), null) as AgentEvent];
const bodies = (path: string): string[] => received.get(path) ?? [];
const names = () => sinks.map(({ counts }) => counts.sink);

describe('the sinks that settings ask for', () => {
  it('each get every event that is for them, in its own words', async () => {
    const file = join(directory, 'events.jsonl');
    open({ 'event-format': 'ocsf', 'event-file': file });
    expect(names()).toEqual(['file', 'webhook', 'otlp-logs', 'otlp-traces']);
    tell(...EVENTS);
    await eventually(() => expect(sinks.map(({ counts }) => counts.delivered)).toEqual([2, 2, 2, 1]));
    const posted = bodies('/hook').flatMap((body) => JSON.parse(body) as object[]);
    const lines = (await readFile(file, 'utf8')).split('\n').slice(0, -1);
    expect(lines.map((line) => JSON.parse(line) as object)).toEqual(posted);
    expect(posted.flatMap(violations)).toEqual([]);
    expect(bodies('/otlp/v1/logs').flatMap(readLogs)).toHaveLength(2);
    expect(bodies('/otlp/v1/traces').flatMap(readSpans)).toMatchObject([{ name: 'GET' }]);
  });

  it('write our own words where nobody asks for others', async () => {
    open({ 'otlp-signals': 'logs' });
    expect(names()).toEqual(['webhook', 'otlp-logs']);
    tell(...EVENTS);
    await eventually(() => expect(sinks.map(({ counts }) => counts.delivered)).toEqual([2, 2]));
    expect(bodies('/hook').flatMap((body) => JSON.parse(body) as object[])).toMatchObject([
      { uid: 'ew-1', flow: { id: 'ew-1', path: '' } },
      { uid: 'ef-1-began', turn: 'began', finding: { id: 'ef-1' } },
    ]);
  });

  it('hand on to the next agent what a receiver did not take, and it arrives as it was', async () => {
    answer = 503;
    open({});
    tell(...EVENTS);
    await eventually(() => {
      expect(sinks.map(({ counts }) => counts.accepted)).toEqual([2, 2, 1]);
      for (const { counts } of sinks) expect(counts.problem).toContain('503');
    });
    await Promise.all(sinks.splice(0).map((sink) => sink.close(0)));
    answer = 200;
    open({});
    await eventually(() => {
      expect(bodies('/hook').flatMap((body) => JSON.parse(body) as object[])).toHaveLength(2);
      expect(bodies('/otlp/v1/logs').flatMap(readLogs)).toHaveLength(2);
      expect(bodies('/otlp/v1/traces').flatMap(readSpans)).toHaveLength(1);
    });
  });

  it('are none where nothing is set', () => {
    open({ 'webhook-url': '', 'otlp-url': '' });
    expect(names()).toEqual([]);
  });
});
