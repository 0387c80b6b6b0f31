import { Buffer } from 'node:buffer';
import { addressOf } from '../kernel/libc.ts';

/** 64 KiB: what libuv reads at most at once. */
const READ_BYTES = 65_536;
const PUT_OFF_BYTES = 65_536;

/** Memory that the kernel reads into and sends from without a copy in between. It is outside V8's heap and does not move. */
export const ARENA = Buffer.allocUnsafeSlow(READ_BYTES + PUT_OFF_BYTES);

/** Fixed for the process. */
export const ARENA_ADDRESS = addressOf(ARENA);

/**
 * The one buffer that every socket of the process reads into. It can be one because a read is consumed, forwarded or
 * copied before the event loop reads again; it is why bytes handed to a relay are valid only during the call.
 */
export const READ_BUFFER = ARENA.subarray(0, READ_BYTES);
