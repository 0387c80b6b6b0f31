import type { FieldList } from './field-list.ts';
import { BAD_NAME, BAD_VALUE, LAST_PSEUDO, TOKEN, TOKEN_BITS } from './field-token.ts';

const STATUS = /^[1-9][0-9]{2}$/;
const GRPC_STATUS = /^[0-9]{1,3}$/;

/** A response's header block or trailers; one object serves a whole connection. */
export class ResponseHead {
  /** 0 in trailers. */
  status = 0;
  /** -1 when the block has none; gRPC sends it in the trailers, or in a head that is the whole response. */
  grpcStatus = -1;
}

/** False when the block is malformed (RFC 9113 §8.3.2). */
export function readResponseHead(fields: FieldList, head: ResponseHead): boolean {
  head.status = 0;
  head.grpcStatus = -1;
  for (let at = 0; at < fields.length; at++) {
    const mark = fields.marks[at] as number;
    const token = mark & TOKEN_BITS;
    if (mark & (BAD_NAME | BAD_VALUE) || token === TOKEN.connectionSpecific) return false;
    if (token === TOKEN.status) {
      const value = fields.values[at] as string;
      // The only pseudo-field of a response, so it is the first field or it is wrong.
      if (at > 0 || !STATUS.test(value)) return false;
      head.status = Number(value);
    } else if (token > 0 && token <= LAST_PSEUDO) return false;
    else if (token === TOKEN.grpcStatus) head.grpcStatus = readGrpcStatus(fields.values[at] as string);
  }
  return true;
}

const readGrpcStatus = (value: string): number => (GRPC_STATUS.test(value) ? Number(value) : -1);
