/** Which trace a request belongs to, as its caller says (W3C Trace Context). */
export interface TraceContext {
  /** 32 hex digits. */
  readonly traceId: string;
  /** 16 hex digits: the span that the request was made in. */
  readonly parentId: string;
  /** Whether the caller records it. */
  readonly sampled: boolean;
}

const FORM = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;
/** What we know the form of; later ones may have more behind it. */
const VERSION = '00';
const INVALID_VERSION = 'ff';
const SAMPLED = 0x01;
/** No longer one is looked at. */
const MAX_LENGTH = 128;

/** A `traceparent` (https://www.w3.org/TR/trace-context/ §3.2); null for what is none. */
export function parseTraceparent(text: string): TraceContext | null {
  if (text.length > MAX_LENGTH) return null;
  const [, version, traceId = '', parentId = '', flags = '', more] = FORM.exec(text) ?? [];
  if (version === undefined || version === INVALID_VERSION) return null;
  if (version === VERSION && more !== undefined) return null;
  if (isZero(traceId) || isZero(parentId)) return null;
  return { traceId, parentId, sampled: (Number.parseInt(flags, 16) & SAMPLED) !== 0 };
}

const isZero = (digits: string): boolean => /^0+$/.test(digits);
