import type { BlockRelay } from './block-relay.ts';
import type { Denial } from './exchange.ts';
import { lastData } from './frame.ts';
import type { Emit } from './frame-walker.ts';
import { grpcMessage, isGrpc } from './grpc.ts';
import type { RequestHead } from './request-head.ts';

const OK = 200;

/** What the caller of a denied request will have seen. */
export interface Answered {
  readonly bytes: number;
  readonly status: number;
  readonly grpcStatus: number;
}

export interface AnswerPort {
  readonly blocks: BlockRelay;
  readonly send: Emit;
  /** Whether that many bytes of DATA are safe to send; they are then counted as sent. */
  mayFill(bytes: number): boolean;
}

/**
 * Answers a denied request. gRPC is answered by trailers alone (gRPC over HTTP/2, "Trailers-Only"), which needs no
 * DATA.
 */
export function sendAnswer(head: RequestHead, denial: Denial, port: AnswerPort): Answered {
  const answer = isGrpc(head.contentType) ? trailersOnly(denial) : plain(head, denial, port);
  const { status, grpcStatus, fields, body } = answer;
  const target = { streamId: head.streamId, endsStream: body === null };
  let bytes = port.blocks.compose(target, fields, port.send);
  if (body !== null) {
    const frames = lastData(head.streamId, body);
    port.send(frames, 0, frames.length);
    bytes += frames.length;
  }
  return { bytes, status, grpcStatus };
}

interface Answer {
  readonly status: number;
  readonly grpcStatus: number;
  readonly fields: readonly (readonly [string, string])[];
  readonly body: Uint8Array | null;
}

function trailersOnly({ grpcStatus, grpcMessage: message, fields }: Denial): Answer {
  const own: [string, string][] = [
    [':status', String(OK)],
    ['content-type', 'application/grpc'],
    ['grpc-status', String(grpcStatus)],
    ['grpc-message', grpcMessage(message)],
  ];
  return { status: OK, grpcStatus, fields: [...own, ...fields], body: null };
}

function plain(head: RequestHead, denial: Denial, port: AnswerPort): Answer {
  const { status, body, contentType, fields } = denial;
  const isHead = head.method === 'HEAD';
  const fits = body !== null && !isHead && port.mayFill(body.length);
  const described = body !== null && (fits || isHead);
  const about: [string, string][] = described
    ? [
        ['content-type', contentType],
        ['content-length', String(body.length)],
      ]
    : [['content-length', '0']];
  return {
    status,
    grpcStatus: -1,
    fields: [[':status', String(status)], ...about, ...fields],
    body: fits ? body : null,
  };
}
