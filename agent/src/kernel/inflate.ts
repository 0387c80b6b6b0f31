import { brotliDecompressSync, constants, gunzipSync, inflateSync } from 'node:zlib';

/** Content codings (RFC 9110 §8.4.1) that can be undone. */
export type Coding = 'gzip' | 'deflate' | 'br';

/** The content of a body, or why it can't be had: `too_large` when there is more of it than wanted. */
export type Inflate = (
  bytes: Uint8Array,
  coding: Coding,
  maxBytes: number,
) => Uint8Array | 'too_large' | 'malformed';

/** At once, on this thread: `maxBytes` bounds the time too. A body that was cut off gives what there is of it. */
export const inflate: Inflate = (bytes, coding, maxBytes) => {
  try {
    if (coding === 'br')
      return brotliDecompressSync(bytes, {
        maxOutputLength: maxBytes,
        finishFlush: constants.BROTLI_OPERATION_FLUSH,
      });
    const options = { maxOutputLength: maxBytes, finishFlush: constants.Z_SYNC_FLUSH };
    return coding === 'gzip' ? gunzipSync(bytes, options) : inflateSync(bytes, options);
  } catch (error) {
    const { code } = error as { readonly code?: string };
    return code === 'ERR_BUFFER_TOO_LARGE' ? 'too_large' : 'malformed';
  }
};
