import type { BlockRelay } from './block-relay.ts';
import type { Denial } from './exchange.ts';
import { joined, lastData, rstStream } from './frame.ts';
import { grpcMessage, isGrpc } from './grpc.ts';
import type { RequestHead } from './request-head.ts';

const OK = 200;

/** What the caller of a denied request will have seen. */
export interface Answered {
  readonly frames: Uint8Array;
  readonly status: number;
  readonly grpcStatus: number;
}

/**
 * The frames that answer a denied request. `mayFill` says whether that many bytes of DATA are safe to send. gRPC is
 * answered by trailers alone (gRPC over HTTP/2, "Trailers-Only"), which needs no DATA.
 */
export function answerFrames(
  head: RequestHead,
  denial: Denial,
  { blocks, mayFill }: { blocks: BlockRelay; mayFill: (bytes: number) => boolean },
): Answered {
  const answer = isGrpc(head.contentType) ? trailersOnly(denial) : plain(head, denial, mayFill);
  const parts = [blocks.compose(head.streamId, answer.fields, answer.body === null)];
  if (answer.body !== null) parts.push(lastData(head.streamId, answer.body));
  // The answer is complete before the request is: ask the caller to stop sending (RFC 9113 §8.1).
  if (!head.endsStream) parts.push(rstStream(head.streamId, 'NO_ERROR'));
  return { frames: joined(parts), status: answer.status, grpcStatus: answer.grpcStatus };
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

function plain(head: RequestHead, denial: Denial, mayFill: (bytes: number) => boolean): Answer {
  const { status, body, contentType, fields } = denial;
  const isHead = head.method === 'HEAD';
  const fits = body !== null && !isHead && mayFill(body.length);
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
