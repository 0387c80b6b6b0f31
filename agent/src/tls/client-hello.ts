import { ascii } from '../kernel/bytes.ts';
import { HeldBytes } from '../kernel/held-bytes.ts';
import { ByteCursor } from './byte-cursor.ts';

/** What a TLS client says in the clear before anything is encrypted. */
export interface ClientHello {
  /** Server name in lower case; empty when none was sent. */
  readonly sni: string;
  readonly alpn: readonly string[];
  /**
   * Encrypted ClientHello was offered, so `sni` may only be the name of a front and the real one is unknown. Some
   * clients always offer it, for real or as GREASE; the two can't be told apart.
   */
  readonly ech: boolean;
  /** Protocol versions on offer, as on the wire: 0x0304 is TLS 1.3. */
  readonly versions: readonly number[];
}

export type ClientHelloAnswer =
  | { readonly kind: 'hello'; readonly hello: ClientHello }
  | { readonly kind: 'need-more' }
  | { readonly kind: 'not-tls' }
  | { readonly kind: 'malformed'; readonly reason: string };

const NEED_MORE: ClientHelloAnswer = { kind: 'need-more' };
const NOT_TLS: ClientHelloAnswer = { kind: 'not-tls' };

const HANDSHAKE = 22;
const MAJOR_VERSION = 3;
const RECORD_HEAD = 5;
/** RFC 8446 §5.1. */
const MAX_RECORD = 16_384;
const CLIENT_HELLO = 1;
const MESSAGE_HEAD = 4;
/** A ClientHello may be up to 16 MiB; real ones, post-quantum key shares included, stay below 4 KiB. */
const MAX_MESSAGE = 65_536;

/**
 * Reads the ClientHello out of a connection's first bytes, however it is cut into TLS records and those into reads. It
 * holds at most one message of 64 KiB; the bytes themselves stay with who feeds them.
 */
export class ClientHelloReader {
  private answer: ClientHelloAnswer = NEED_MORE;
  private readonly message = new HeldBytes();
  private readonly head = new Uint8Array(RECORD_HEAD);
  private headLength = 0;
  private fragmentLeft = 0;

  /** Once the answer is not `need-more` it stays the same, and further bytes are ignored. */
  feed(bytes: Uint8Array, start: number, end: number): ClientHelloAnswer {
    let pos = start;
    while (pos < end && this.answer === NEED_MORE)
      pos = this.fragmentLeft > 0 ? this.readFragment(bytes, pos, end) : this.readHead(bytes, pos);
    return this.answer;
  }

  private readHead(bytes: Uint8Array, pos: number): number {
    const byte = bytes[pos] as number;
    this.head[this.headLength++] = byte;
    const isFirst = this.message.length === 0;
    if (this.headLength === 1 && byte !== HANDSHAKE)
      this.answer = isFirst ? NOT_TLS : malformed('the ClientHello is interrupted by another record');
    if (this.headLength === 2 && byte !== MAJOR_VERSION)
      this.answer = isFirst ? NOT_TLS : malformed('a record has another version');
    if (this.headLength === RECORD_HEAD) {
      this.headLength = 0;
      this.fragmentLeft = ((this.head[3] as number) << 8) | byte;
      // RFC 8446 §5.1: handshake fragments are never empty, and an endless row of them would be a flood.
      if (this.fragmentLeft === 0 || this.fragmentLeft > MAX_RECORD)
        this.answer = malformed('a record has an impossible length');
    }
    return pos + 1;
  }

  private readFragment(bytes: Uint8Array, pos: number, end: number): number {
    const next = Math.min(end, pos + this.fragmentLeft);
    this.fragmentLeft -= next - pos;
    this.message.append(bytes, pos, next);
    this.answer = this.judge();
    return next;
  }

  private judge(): ClientHelloAnswer {
    const { bytes, length } = this.message;
    if (bytes[0] !== CLIENT_HELLO) return malformed('the first message is not a ClientHello');
    if (length < MESSAGE_HEAD) return NEED_MORE;
    const size = ((bytes[1] as number) << 16) | ((bytes[2] as number) << 8) | (bytes[3] as number);
    if (size > MAX_MESSAGE) return malformed('the ClientHello is larger than 64 KiB');
    if (length < MESSAGE_HEAD + size) return NEED_MORE;
    const hello = readClientHello(new ByteCursor(bytes, MESSAGE_HEAD, MESSAGE_HEAD + size));
    return hello === null ? malformed('the ClientHello is malformed') : { kind: 'hello', hello };
  }
}

const malformed = (reason: string): ClientHelloAnswer => ({ kind: 'malformed', reason });

const RANDOM_BYTES = 32;
const EXTENSION = { serverName: 0, alpn: 16, supportedVersions: 43, encryptedClientHello: 0xfe0d } as const;

/** The body of the message (RFC 8446 §4.1.2), or null when it is malformed. */
function readClientHello(body: ByteCursor): ClientHello | null {
  const legacyVersion = body.uint16();
  body.skip(RANDOM_BYTES);
  body.vector(1);
  body.vector(2);
  body.vector(1);
  const hello = { sni: '', alpn: [] as string[], ech: false, versions: [legacyVersion] };
  // A ClientHello before TLS 1.2 may end here.
  const extensions = body.atEnd ? null : body.vector(2);
  if (!body.ok || !body.atEnd) return null;
  const seen = new Set<number>();
  while (extensions !== null && !extensions.atEnd) {
    const type = extensions.uint16();
    const content = extensions.vector(2);
    if (!extensions.ok || seen.has(type)) return null;
    seen.add(type);
    if (!readExtension(type, content, hello)) return null;
  }
  return hello;
}

function readExtension(
  type: number,
  content: ByteCursor,
  hello: { sni: string; alpn: string[]; ech: boolean; versions: number[] },
): boolean {
  switch (type) {
    case EXTENSION.serverName:
      hello.sni = readServerName(content) ?? '';
      return hello.sni !== '';
    case EXTENSION.alpn:
      hello.alpn = readAlpn(content);
      return content.ok && content.atEnd && hello.alpn.length > 0;
    case EXTENSION.supportedVersions:
      hello.versions = readVersions(content);
      return content.ok && content.atEnd;
    case EXTENSION.encryptedClientHello:
      hello.ech = true;
      return true;
    default:
      return true;
  }
}

const HOST_NAME = 0;
const HOST = /^[0-9A-Za-z_-]+(\.[0-9A-Za-z_-]+)*\.?$/;

/** RFC 6066 §3. One name exactly: a second one is how two readers could come to judge different hosts. */
function readServerName(content: ByteCursor): string | null {
  const list = content.vector(2);
  const type = list.uint8();
  const name = list.vector(2);
  if (!list.ok || !list.atEnd || !content.atEnd || type !== HOST_NAME) return null;
  const text = ascii(name.bytes, name.pos, name.end);
  return HOST.test(text) ? text.toLowerCase() : null;
}

/** RFC 7301 §3.1. */
function readAlpn(content: ByteCursor): string[] {
  const list = content.vector(2);
  const names: string[] = [];
  while (!list.atEnd) {
    const name = list.vector(1);
    if (!list.ok || name.atEnd) return [];
    names.push(ascii(name.bytes, name.pos, name.end));
  }
  return names;
}

/** RFC 8446 §4.2.1, without the reserved values of RFC 8701, which only test that servers ignore them. */
function readVersions(content: ByteCursor): number[] {
  const list = content.vector(1);
  const versions: number[] = [];
  while (!list.atEnd) versions.push(list.uint16());
  if (!list.ok) content.fail();
  return versions.filter((version) => (version & 0x0f0f) !== 0x0a0a);
}
