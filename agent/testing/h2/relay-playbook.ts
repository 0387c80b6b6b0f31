import { H2Relay } from '../../src/h2/connection.ts';
import { type Denial, type H2Exchange, type StreamEnd, UNREAD } from '../../src/h2/exchange.ts';
import { FieldList } from '../../src/h2/field-list.ts';
import { NEVER_INDEXED } from '../../src/h2/field-token.ts';
import {
  ERROR_CODES,
  FLAG,
  FRAME,
  frame,
  joined,
  PREFACE,
  settingsFrame,
  uint32,
} from '../../src/h2/frame.ts';
import { HpackDecoder } from '../../src/h2/hpack-decoder.ts';
import { HpackEncoder } from '../../src/h2/hpack-encoder.ts';
import { DEFAULT_H2_LIMITS, type H2Limits } from '../../src/h2/limits.ts';
import type { RequestHead } from '../../src/h2/request-head.ts';
import type { UpgradeSettings } from '../../src/h2/upgrade.ts';
import { endOfFrames, framesOf, type SeenFrame } from './wire-frames.ts';

type Pair = readonly [name: string, value: string];

const ERROR_NAMES = new Map(Object.entries(ERROR_CODES).map(([name, code]) => [code as number, name]));
const TYPE_NAMES = new Map(Object.entries(FRAME).map(([name, type]) => [type as number, name]));

/** A header block without table; `insert` writes the fields into the reader's table, as real encoders do. */
export function block(fields: readonly Pair[], insert = false): Uint8Array {
  if (insert) return joined(fields.map(([name, value]) => literal(name, value)));
  const encoder = new HpackEncoder();
  for (const [name, value] of fields) encoder.field(name, value, false);
  return encoder.bytes.slice(0, encoder.length);
}

function literal(name: string, value: string): Uint8Array {
  const text = (part: string) => [part.length, ...Buffer.from(part, 'latin1')];
  return Uint8Array.from([0x40, ...text(name), ...text(value)]);
}

export const GET = (path: string, ...more: readonly Pair[]): Pair[] => [
  [':method', 'GET'],
  [':scheme', 'http'],
  [':path', path],
  [':authority', 'shop'],
  ...more,
];

export function headers(
  streamId: number,
  fields: readonly Pair[],
  { end = true, insert = false } = {},
): Uint8Array {
  const flags = FLAG.endHeaders | (end ? FLAG.endStream : 0);
  return frame({ type: FRAME.headers, flags, streamId }, block(fields, insert));
}

export const data = (streamId: number, text: string | Uint8Array, end = false): Uint8Array =>
  frame(
    { type: FRAME.data, flags: end ? FLAG.endStream : 0, streamId },
    typeof text === 'string' ? Uint8Array.from(Buffer.from(text)) : text,
  );

export const DENIAL: Denial = {
  status: 403,
  fields: [['eastwall-decision', 'd-1']],
  body: null,
  contentType: 'text/plain',
  grpcStatus: 7,
  grpcMessage: 'no',
};

/**
 * A relay between two peers played by the test. What comes out is read by each peer's own HPACK decoder, as a real one
 * would, so a desynchronised table shows as a fault or a wrong field.
 */
export class RelayPlaybook {
  readonly heads: RequestHead[] = [];
  readonly responses: string[] = [];
  readonly ends: (Omit<StreamEnd, 'connectionFault'> & { readonly path: string })[] = [];
  readonly calls: string[] = [];
  now = 0;
  readonly relay: H2Relay;
  private readonly out = { upstream: new Outlet('upstream'), caller: new Outlet('caller') };
  private readonly decide: (head: RequestHead) => Denial | null;

  constructor({
    decide = (head: RequestHead): Denial | null => (head.path.startsWith('/no') ? DENIAL : null),
    limits = {} as Partial<H2Limits>,
    upgraded = null as UpgradeSettings | null,
    watch = (_path: string): Partial<H2Exchange> => ({}),
  } = {}) {
    this.decide = decide;
    const exchange = (path: string, denial: Denial | null) => ({
      ...UNREAD,
      ...watch(path),
      denial,
      responded: (status: number, fields: FieldList, now: number) => {
        this.responses.push(`${path} ${status}`);
        return watch(path).responded?.(status, fields, now) ?? false;
      },
      ended: ({ outcome, status, grpcStatus, bytesSent, bytesReceived }: StreamEnd) =>
        this.ends.push({ path, outcome, status, grpcStatus, bytesSent, bytesReceived }),
    });
    this.relay = new H2Relay({
      wire: {
        toUpstream: (bytes, start, end) => this.out.upstream.push(bytes, start, end),
        toCaller: (bytes, start, end) => this.out.caller.push(bytes, start, end),
        finishUpstream: () => this.calls.push('finish upstream'),
        finishCaller: () => this.calls.push('finish caller'),
        close: ({ code, reason }) => this.calls.push(`close ${code}: ${reason}`),
      },
      host: {
        begin: (head) => {
          this.heads.push(head);
          return exchange(head.path, head.fault === null ? this.decide(head) : null);
        },
      },
      limits: { ...DEFAULT_H2_LIMITS, ...limits },
      ...(upgraded === null
        ? {}
        : { upgraded: { exchange: exchange('upgraded', null), settings: upgraded } }),
    });
  }

  /** Both prefaces are exchanged and seen; the caller forbids push, so its SETTINGS pass as they are. */
  open(callerSettings = '', upstreamSettings = ''): this {
    const noPush = `000200000000${callerSettings}`;
    this.caller(PREFACE, settingsFrame(Uint8Array.from(Buffer.from(noPush, 'hex'))));
    this.upstream(settingsFrame(Uint8Array.from(Buffer.from(upstreamSettings, 'hex'))));
    this.caller(settingsFrame(undefined, FLAG.ack));
    this.upstream(settingsFrame(undefined, FLAG.ack));
    this.atUpstream();
    this.atCaller();
    return this;
  }

  caller(...frames: readonly Uint8Array[]): this {
    const bytes = joined(frames);
    this.relay.fromCaller(bytes, 0, bytes.length, this.now);
    return this;
  }

  upstream(...frames: readonly Uint8Array[]): this {
    const bytes = joined(frames);
    this.relay.fromUpstream(bytes, 0, bytes.length, this.now);
    return this;
  }

  /** The caller has seen its smaller table acknowledged, and from here on wants to hear of it. */
  callerLimitsTable(size: number): this {
    this.atCaller();
    this.out.caller.decoder.limitTable(size);
    return this;
  }

  /** What the peer has been sent since the last look, a line per frame. */
  atUpstream(): string[] {
    return this.out.upstream.take();
  }

  /** Everything, the preface included. */
  get sentUpstream(): Uint8Array {
    return joined(this.out.upstream.all);
  }

  /** Payload of all DATA frames that upstream was seen to get. */
  get upstreamDataBytes(): number {
    return this.out.upstream.dataBytes;
  }

  atCaller(): string[] {
    return this.out.caller.take();
  }
}

class Outlet {
  private readonly parts: Uint8Array[] = [];
  readonly all: Uint8Array[] = [];
  readonly decoder = new HpackDecoder(1 << 20);
  private readonly fields = new FieldList();
  dataBytes = 0;
  private prefaced: boolean;

  constructor(side: 'upstream' | 'caller') {
    this.prefaced = side === 'caller';
  }

  push(bytes: Uint8Array, start: number, end: number): void {
    const part = bytes.slice(start, end);
    this.parts.push(part);
    this.all.push(part);
  }

  take(): string[] {
    let bytes = joined(this.parts);
    if (!this.prefaced && bytes.length >= PREFACE.length) {
      bytes = bytes.subarray(PREFACE.length);
      this.prefaced = true;
    }
    const end = this.prefaced ? endOfFrames(bytes) : 0;
    // Frames may come as they are read, so that the last one is not whole yet.
    this.parts.splice(0, this.parts.length, bytes.subarray(end));
    return framesOf(bytes.subarray(0, end)).map((seen) => this.describe(seen));
  }

  private describe(seen: SeenFrame): string {
    const name = TYPE_NAMES.get(seen.type) ?? `type ${seen.type}`;
    const end = seen.type <= FRAME.headers && seen.flags & FLAG.endStream ? ' end' : '';
    const ack =
      (seen.type === FRAME.settings || seen.type === FRAME.ping) && seen.flags & FLAG.ack ? ' ack' : '';
    return `${name}#${seen.streamId}${ack} ${this.detail(seen)}`.trimEnd() + end;
  }

  private detail({ type, flags, payload }: SeenFrame): string {
    if (type === FRAME.headers) return this.readBlock(fragmentOf(payload, flags));
    if (type === FRAME.data) {
      this.dataBytes += payload.length;
      return Buffer.from(payload).toString();
    }
    if (type === FRAME.rstStream) return ERROR_NAMES.get(uint32(payload, 0)) ?? '?';
    if (type === FRAME.windowUpdate) return String(uint32(payload, 0));
    if (type === FRAME.goaway) return `${uint32(payload, 0)} ${ERROR_NAMES.get(uint32(payload, 4))}`;
    return Buffer.from(payload).toString('hex');
  }

  private readBlock(payload: Uint8Array): string {
    const fault = this.decoder.decode(payload, 0, payload.length, this.fields);
    if (fault !== null) return fault;
    const { names, values, marks, length } = this.fields;
    const never = (at: number) => ((marks[at] ?? 0) & NEVER_INDEXED ? 'never:' : '');
    return Array.from({ length }, (_, at) => `${never(at)}${names[at]}=${values[at]}`).join(' ');
  }
}

/** A header block without the padding and the priority around it (RFC 9113 §6.2). */
function fragmentOf(payload: Uint8Array, flags: number): Uint8Array {
  const padded = (flags & FLAG.padded) !== 0;
  const start = (padded ? 1 : 0) + (flags & FLAG.priority ? 5 : 0);
  return payload.subarray(start, payload.length - (padded ? (payload[0] ?? 0) : 0));
}

/** A relay whose prefaces are done. */
export const opened = (options: ConstructorParameters<typeof RelayPlaybook>[0] = {}): RelayPlaybook =>
  new RelayPlaybook(options).open();

export const OK: readonly Pair[] = [[':status', '200']];

/** How `GET` and `DENIAL` read at the other end. */
export const GET_LINE = (path: string): string => `:method=GET :scheme=http :path=${path} :authority=shop`;
export const DENIED_LINE = (id: number): string =>
  `headers#${id} :status=403 content-length=0 eastwall-decision=d-1 end`;
