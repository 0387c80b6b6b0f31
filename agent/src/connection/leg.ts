import { Socket } from 'node:net';
import { copyOf } from '../kernel/bytes.ts';
import { ECONNRESET, EPIPE } from '../kernel/errno.ts';
import { trySend } from '../kernel/libc.ts';
import { READ_ADDRESS, READ_BUFFER } from './read-buffer.ts';

/** What happens on one side of a connection. `data` hands a part of the shared read buffer. */
export interface LegEvents {
  data(bytes: Uint8Array, start: number, end: number): void;
  /** FIN: no more bytes will come. */
  ended(): void;
  /** RST, or no connection. */
  failed(): void;
  /** The peer takes no more bytes, but what it sent before it broke off may still come; `failed` follows. */
  unwritable(): void;
  /** More is waiting to be sent than the socket takes; stop feeding it until `drained`. */
  congested(): void;
  drained(): void;
  closed(): void;
}

/** An accepted handle, or an unconnected descriptor made in the pod's netns. */
export type LegSource = { readonly handle: unknown; readonly fd: number } | { readonly fd: number };

/** Dead peers are noticed before the kernel's 60 s conntrack entry of a half-closed connection goes away. */
const KEEPALIVE_MS = 30_000;

/**
 * One TCP socket of a connection; an accepted one reads from `start` on, a dialled one from when it is connected.
 *
 * Writing tries the kernel first, straight from the read buffer; only what the kernel does not take is copied and
 * left to libuv. A `Socket.write` of the shared buffer would be wrong: libuv keeps a pointer to what it could not
 * send, and the next read would overwrite it.
 */
export class Leg {
  readonly fd: number;
  private connected: boolean;
  private finished = false;
  /** A write met a reset. */
  private broken = false;
  private isCongested = false;
  private readonly socket: Socket;
  private readonly events: LegEvents;

  constructor(source: LegSource, events: LegEvents) {
    this.events = events;
    this.fd = source.fd;
    this.connected = 'handle' in source;
    const onread = {
      buffer: READ_BUFFER,
      callback: (read: number): boolean => {
        events.data(READ_BUFFER, 0, read);
        return true;
      },
    };
    // `handle` is how Node itself wraps accepted connections, and `manualStart` keeps it from reading an unconnected
    // socket (ENOTCONN); neither is in the public types.
    const options = { ...source, allowHalfOpen: true, manualStart: true, onread };
    this.socket = new Socket(options as ConstructorParameters<typeof Socket>[0]);
    // A write that met the reset took the error away from the read after it, which then looks like FIN.
    this.socket.on('end', () => (this.broken ? events.failed() : events.ended()));
    this.socket.on('error', () => events.failed());
    this.socket.on('close', () => events.closed());
    this.socket.on('drain', () => this.onDrain());
    if (this.connected) this.tune();
  }

  /** Begins to read from an accepted socket. */
  start(): void {
    this.socket.resume();
  }

  /** Dials from the netns the descriptor was made in. */
  connect(ip: string, port: number): void {
    this.socket.once('connect', () => {
      this.connected = true;
      this.tune();
    });
    this.socket.connect({ host: ip, port });
  }

  /** Whether the connection was ever made: tells an unreachable upstream from one that broke off. */
  get wasConnected(): boolean {
    return this.connected;
  }

  /** More is waiting to be sent than the socket takes. */
  get congested(): boolean {
    return this.isCongested;
  }

  get destroyed(): boolean {
    return this.socket.destroyed;
  }

  /** The kernel has taken over everything written so far. */
  get flushed(): boolean {
    return this.socket.writableLength === 0;
  }

  write(bytes: Uint8Array, start: number, end: number): void {
    if (this.finished || this.broken || this.socket.destroyed) return;
    let from = start;
    if (bytes === READ_BUFFER && this.connected && this.socket.writableLength === 0) {
      const sent = trySend(this.fd, READ_ADDRESS + start, end - start);
      if (sent === end - start) return;
      if (sent === -EPIPE || sent === -ECONNRESET) {
        this.breakOff();
        return;
      }
      // EAGAIN sends it later; any other error will meet libuv's own write below and end the socket there.
      if (sent > 0) from = start + sent;
    }
    this.writeLater(bytes, from, end);
  }

  /** A write by libuv would destroy the socket, and with it an answer that came before the reset and is not read yet. */
  private breakOff(): void {
    this.broken = true;
    if (this.socket.readableEnded) this.events.failed();
    else this.events.unwritable();
  }

  private writeLater(bytes: Uint8Array, start: number, end: number): void {
    if (this.socket.write(copyOf(bytes, start, end)) || this.isCongested) return;
    this.isCongested = true;
    this.events.congested();
  }

  private onDrain(): void {
    if (!this.isCongested) return;
    this.isCongested = false;
    this.events.drained();
  }

  /** FIN after everything written so far. */
  finish(): void {
    if (this.finished || this.socket.destroyed) return;
    this.finished = true;
    this.socket.end();
  }

  reset(): void {
    if (this.socket.destroyed) return;
    this.finished = true;
    if (this.connected) this.socket.resetAndDestroy();
    else this.socket.destroy();
  }

  /** Gives the socket up; the kernel goes on sending what it has taken over, and FIN. */
  close(): void {
    this.finished = true;
    this.socket.destroy();
  }

  pause(): void {
    this.socket.pause();
  }

  resume(): void {
    this.socket.resume();
  }

  /** A relay must add no latency: Nagle's algorithm off, whatever the application chose. */
  private tune(): void {
    this.socket.setNoDelay(true);
    this.socket.setKeepAlive(true, KEEPALIVE_MS);
  }
}
