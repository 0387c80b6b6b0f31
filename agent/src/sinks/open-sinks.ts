import type { AgentEvent, Reporter } from '../events/agent-event.ts';
import { type EventFormat, eventText } from '../events/event-text.ts';
import { type NewId, otlpBody, otlpLog, otlpRefused, otlpSpan } from '../events/otlp.ts';
import { Delivery, type DeliveryLog } from './delivery.ts';
import type { EventSink } from './event-feed.ts';
import { httpPost } from './http-post.ts';
import { RotatingFile } from './rotating-file.ts';
import { SinkCounts } from './sink-counts.ts';

/** The settings that say where events go, beside the agent's own output. */
export interface SinkSettings {
  readonly eventFormat: EventFormat;
  readonly eventFile: string;
  readonly eventFileBytes: number;
  readonly eventFiles: number;
  readonly webhookUrl: string;
  readonly webhookTokenFile: string;
  readonly webhookCaFile: string;
  readonly otlpUrl: string;
  readonly otlpSignals: 'both' | 'logs' | 'traces';
  readonly otlpTokenFile: string;
  readonly otlpCaFile: string;
  readonly exportBatchEvents: number;
  readonly exportBatchBytes: number;
  readonly exportLingerMs: number;
  readonly exportGzip: 'on' | 'off';
  readonly exportTimeoutMs: number;
  readonly exportMaxRetryDelayMs: number;
  readonly spoolDir: string;
  readonly maxSpoolBytes: number;
  readonly runDir: string;
}

export interface SinkContext {
  readonly reporter: Reporter;
  readonly log: DeliveryLog;
  readonly now: () => number;
  readonly random: () => number;
  readonly newId: NewId;
}

/** A sink that somebody can ask how it is. */
export interface OpenSink extends EventSink {
  readonly counts: SinkCounts;
  readonly waitingBytes: number;
  /** Delivers what waits, as far as that can be done in so long. */
  close(graceMs: number): Promise<void>;
}

/** As `eastwall status` shows it. */
export function sinkStatus({ counts, waitingBytes }: OpenSink) {
  const { sink, accepted, delivered, retries, dropped, problem } = counts;
  return { sink, accepted, delivered, retries, dropped, waitingBytes, problem };
}

/** What takes lines, without waiting. */
interface LineTaker {
  readonly waitingBytes: number;
  append(line: string): void;
  close(graceMs: number): Promise<void>;
}

export function openSinks(settings: SinkSettings, context: SinkContext): OpenSink[] {
  const sinks: OpenSink[] = [];
  if (settings.eventFile !== '') sinks.push(fileSink(settings, context));
  if (settings.webhookUrl !== '') sinks.push(webhookSink(settings, context));
  const { otlpUrl, otlpSignals } = settings;
  if (otlpUrl !== '' && otlpSignals !== 'traces') sinks.push(otlpLogsSink(settings, context));
  if (otlpUrl !== '' && otlpSignals !== 'logs') sinks.push(otlpTracesSink(settings, context));
  return sinks;
}

function fileSink(settings: SinkSettings, { reporter }: SinkContext): OpenSink {
  const { eventFile: path, eventFileBytes: maxBytes, eventFiles: files, eventFormat } = settings;
  const counts = new SinkCounts('file');
  const file = new RotatingFile({ path, maxBytes, files, counts });
  return lineSink(file, counts, (event) => eventText(event, eventFormat, reporter));
}

function webhookSink(settings: SinkSettings, context: SinkContext): OpenSink {
  const { webhookUrl: url, webhookTokenFile: tokenFile, webhookCaFile: caFile, eventFormat } = settings;
  const counts = new SinkCounts('webhook');
  const delivery = deliveryTo(settings, context, {
    counts,
    receiver: { url, tokenFile, caFile, body: (lines) => `[${lines.join(',')}]`, refusedIn: () => 0 },
  });
  return lineSink(delivery, counts, (event) => eventText(event, eventFormat, context.reporter));
}

function otlpLogsSink(settings: SinkSettings, context: SinkContext): OpenSink {
  const counts = new SinkCounts('otlp-logs');
  const receiver = otlpReceiver(settings, 'logs');
  return lineSink(deliveryTo(settings, context, { counts, receiver }), counts, (event) =>
    JSON.stringify(otlpLog(event, context.reporter)),
  );
}

function otlpTracesSink(settings: SinkSettings, context: SinkContext): OpenSink {
  const counts = new SinkCounts('otlp-traces');
  const receiver = otlpReceiver(settings, 'traces');
  return lineSink(deliveryTo(settings, context, { counts, receiver }), counts, (event) => {
    // Written now, so that a span that is sent twice has the same ids.
    const span = otlpSpan(event, context.reporter, context.newId);
    return span === null ? null : JSON.stringify(span);
  });
}

function otlpReceiver(
  { otlpUrl, otlpTokenFile, otlpCaFile }: SinkSettings,
  signal: 'logs' | 'traces',
): Receiver {
  const field = signal === 'logs' ? 'resourceLogs' : 'resourceSpans';
  return {
    url: `${otlpUrl.replace(/\/+$/, '')}/v1/${signal}`,
    tokenFile: otlpTokenFile,
    caFile: otlpCaFile,
    body: (lines) => otlpBody(field, lines),
    refusedIn: otlpRefused,
  };
}

type Receiver = Pick<Parameters<typeof httpPost>[0], 'url' | 'tokenFile' | 'caFile' | 'body' | 'refusedIn'>;

function deliveryTo(
  settings: SinkSettings,
  { log, now, random, reporter }: SinkContext,
  { counts, receiver }: { readonly counts: SinkCounts; readonly receiver: Receiver },
): Delivery {
  return new Delivery({
    directory: `${settings.spoolDir || `${settings.runDir}/spool`}/${counts.sink}`,
    maxBytes: settings.maxSpoolBytes,
    batch: { events: settings.exportBatchEvents, bytes: settings.exportBatchBytes },
    lingerMs: settings.exportLingerMs,
    maxRetryDelayMs: settings.exportMaxRetryDelayMs,
    post: httpPost({
      ...receiver,
      gzip: settings.exportGzip === 'on',
      timeoutMs: settings.exportTimeoutMs,
      userAgent: `eastwall/${reporter.version}`,
      now,
    }),
    counts,
    log,
    random,
  });
}

/** `textOf` null: an event that this sink does not tell. */
function lineSink(
  taker: LineTaker,
  counts: SinkCounts,
  textOf: (event: AgentEvent) => string | null,
): OpenSink {
  return {
    counts,
    get waitingBytes() {
      return taker.waitingBytes;
    },
    accept: (event) => {
      const text = textOf(event);
      if (text !== null) taker.append(text);
    },
    close: (graceMs) => taker.close(graceMs),
  };
}
