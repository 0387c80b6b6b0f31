import { Buffer } from 'node:buffer';
import { addressOf } from '../kernel/libc.ts';

/**
 * The one buffer that every socket of the process reads into. It can be one because a read is consumed, forwarded or
 * copied before the event loop reads again; it is why bytes handed to a relay are valid only during the call.
 * 64 KiB: what libuv reads at most at once.
 */
export const READ_BUFFER = Buffer.allocUnsafeSlow(65_536);

/** Fixed for the process: memory outside V8's heap does not move. */
export const READ_ADDRESS = addressOf(READ_BUFFER);
