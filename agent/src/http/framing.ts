import type { BodyReader } from './body.ts';
import type { RequestHead } from './request-head.ts';
import type { ResponseHead } from './response-head.ts';

/** How a request's body ends, RFC 9112 §6.3: without length or encoding there is none. */
export function frameRequest(body: BodyReader, head: RequestHead): void {
  if (head.chunked) body.chunked();
  else if (head.contentLength > 0) body.length(head.contentLength);
  else body.none();
}

/** How a response's body ends, RFC 9112 §6.3: it depends on the request, too. */
export function frameResponse(body: BodyReader, head: ResponseHead, method: string): void {
  if (method === 'HEAD' || head.status === 204 || head.status === 304) body.none();
  else if (head.chunked) body.chunked();
  else if (head.contentLength >= 0) body.length(head.contentLength);
  else body.untilClose();
}
