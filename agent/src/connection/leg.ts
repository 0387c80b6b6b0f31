import { copyOf } from '../kernel/bytes.ts';
import { systemClock } from '../kernel/clock.ts';
import { ECONNRESET, EPIPE } from '../kernel/errno.ts';
import { shutdownWrite, trySend, trySendLast } from '../kernel/libc.ts';
import { keepAlive, localPort, sendAtOnce, shareAddress, takeError } from '../kernel/libc-sockets.ts';
import { Outbox } from './outbox.ts';
import { ARENA, ARENA_ADDRESS, READ_BUFFER } from './read-buffer.ts';
import {
  ConnectRequest,
  END_OF_STREAM,
  lastRead,
  lastWriteWaits,
  type TcpHandle,
  WriteRequest,
} from './tcp-handle.ts';

/**
 * What happens on one side of a connection, which is told by its leg: one listener serves both, so that a connection
 * makes none. `data` hands a part of the shared read buffer.
 */
export interface LegEvents {
  data(leg: Leg, bytes: Uint8Array, start: number, end: number): void;
  /** FIN: no more bytes will come. */
  ended(leg: Leg): void;
  /** RST, or no connection; with `-errno`. */
  failed(leg: Leg, errno: number): void;
  /** The peer takes no more bytes, but what it sent before it broke off may still come; `failed` follows. */
  unwritable(leg: Leg): void;
  /** More is waiting to be sent than the socket takes; stop feeding it until `drained`. */
  congested(leg: Leg): void;
  drained(leg: Leg): void;
  /** Never called from within a call to the leg. */
  closed(leg: Leg): void;
}

/** Dead peers are noticed before the kernel's 60 s conntrack entry of a half-closed connection goes away. */
const KEEPALIVE_SECONDS = 30;
/** Which of the calls of `look` really looks: there may be thousands of legs, and there is no hurry. */
const LOOKS = 16;
/** Of all legs, since its order and its place in memory are theirs together. */
const OUTBOX = new Outbox({
  arena: ARENA,
  base: READ_BUFFER.length,
  later: setImmediate,
  now: systemClock.monotonic,
});
/** More than this waiting to be sent, beyond what the kernel has taken, is congestion. */
const HIGH_WATER = 65_536;

/**
 * One TCP socket of a connection; an accepted one reads from `start` on, a dialled one from when it is connected.
 *
 * Writing tries the kernel first, straight from the read buffer or, where little is written, at the end of the event
 * loop's turn from the outbox; only what the kernel does not take is left to libuv, in a copy. Leaving the shared buffer
 * to libuv would be wrong: it keeps a pointer to what it could not send, and the next read would overwrite it.
 */
export class Leg {
  readonly fd: number;
  private connected: boolean;
  private paused = true;
  /** The peer has sent FIN. */
  private readEnded = false;
  /** Nothing will be written any more. */
  private finished = false;
  /** We have sent FIN. */
  private writeEnded = false;
  /** A write met a reset. */
  private broken = false;
  /** The handle has been given up. */
  private released = false;
  private isCongested = false;
  /** Something waits in the outbox. */
  private putOff = false;
  /** Bytes that libuv holds, since the kernel did not take them. */
  private queued = 0;
  private kept = false;
  private looks = 0;
  /** The port we dialled from, if it is kept and we have sent FIN before the peer has: TIME_WAIT has it. Else 0. */
  private port = 0;
  /** Its port is of use to later connections: not so where it is the caller's own. */
  private keepsPort = false;
  private readonly accepted: boolean;
  private readonly handle: TcpHandle;
  private readonly events: LegEvents;

  constructor(handle: TcpHandle, events: LegEvents, accepted: boolean) {
    this.handle = handle;
    this.accepted = accepted;
    this.connected = accepted;
    this.fd = handle.fd;
    this.events = events;
    handle.owner = this;
    handle.onread = onRead;
    handle.useUserBuffer(READ_BUFFER);
  }

  /** Begins to read from an accepted socket. */
  start(): void {
    this.resume();
  }

  /** Dials from the netns the descriptor was made in; with `keepsPort`, tells of a port that it spends. */
  connect(ip: string, port: number, keepsPort: boolean): void {
    this.keepsPort = keepsPort;
    sendAtOnce(this.fd);
    this.paused = false;
    const request = new ConnectRequest();
    request.oncomplete = onConnect;
    const { handle } = this;
    const status = ip.includes(':') ? handle.connect6(request, ip, port) : handle.connect(request, ip, port);
    if (status !== 0) queueMicrotask(() => this.fail(status));
  }

  /** Whether the connection was ever made: tells an unreachable upstream from one that broke off. */
  get wasConnected(): boolean {
    return this.connected;
  }

  /** Nobody has answered yet. */
  get dialling(): boolean {
    return !this.connected && !this.released;
  }

  /** The peer has sent FIN, and that has been read. */
  get ended(): boolean {
    return this.readEnded;
  }

  /** More is waiting to be sent than the socket takes. */
  get congested(): boolean {
    return this.isCongested;
  }

  get destroyed(): boolean {
    return this.released;
  }

  /** The kernel has taken over everything written so far. */
  get flushed(): boolean {
    return (this.queued === 0 && !this.putOff) || this.broken;
  }

  /** What waits in our memory to be sent. */
  get queuedBytes(): number {
    return this.queued;
  }

  /** The port that connections to the same destination can't have for a minute, since we sent FIN first; 0 if none. */
  get spentPort(): number {
    return this.readEnded ? this.port : 0;
  }

  write(bytes: Uint8Array, start: number, end: number): void {
    if (this.finished || this.broken) return;
    if (bytes === READ_BUFFER && this.free && OUTBOX.putOff(this, start, end)) this.putOff = true;
    else this.send(trySend, bytes, start, end);
  }

  /**
   * The last bytes, and FIN in one segment with them: a peer that closes as soon as it has read them has seen FIN by
   * then, and so keeps no port in TIME_WAIT.
   */
  writeLast(bytes: Uint8Array, start: number, end: number): void {
    if (!this.finished && !this.broken) this.send(trySendLast, bytes, start, end);
    this.finish();
  }

  /** What the outbox kept is next. */
  sendPutOff(start: number, end: number): void {
    this.putOff = false;
    if (!this.broken && !this.released) this.transmit(trySend, ARENA, start, end);
  }

  private send(send: typeof trySend, bytes: Uint8Array, start: number, end: number): void {
    this.sendFirst();
    if (!this.broken) this.transmit(send, bytes, start, end);
  }

  /** What was put off goes before whatever comes now. */
  private sendFirst(): void {
    if (this.putOff) OUTBOX.send();
  }

  /** The kernel is tried first: nothing else waits to be sent. */
  private get free(): boolean {
    return this.connected && this.queued === 0;
  }

  private transmit(send: typeof trySend, bytes: Uint8Array, start: number, end: number): void {
    let from = start;
    if ((bytes === READ_BUFFER || bytes === ARENA) && this.free) {
      const sent = send(this.fd, ARENA_ADDRESS + start, end - start);
      if (sent === end - start) return;
      if (sent === -EPIPE || sent === -ECONNRESET) {
        this.breakOff();
        return;
      }
      // EAGAIN sends it later; any other error will meet libuv's own write below.
      if (sent > 0) from = start + sent;
    }
    this.writeLater(bytes, from, end);
  }

  /** What came before the reset is not read yet, so the socket is not given up. */
  private breakOff(): void {
    this.broken = true;
    if (this.readEnded) this.events.failed(this, -EPIPE);
    else this.events.unwritable(this);
  }

  private writeLater(bytes: Uint8Array, start: number, end: number): void {
    const request = new WriteRequest();
    request.oncomplete = onWritten;
    request.bytes = copyOf(bytes, start, end);
    if (this.handle.writeBuffer(request, request.bytes) !== 0) {
      this.breakOff();
      return;
    }
    if (!lastWriteWaits()) return;
    this.queued += end - start;
    if (this.queued < HIGH_WATER || this.isCongested) return;
    this.isCongested = true;
    this.events.congested(this);
  }

  /** FIN after everything written so far. */
  finish(): void {
    if (this.finished) return;
    this.sendFirst();
    this.finished = true;
    this.endIfFlushed();
  }

  reset(): void {
    this.sendFirst();
    if (this.released) return;
    if (this.connected && this.handle.reset() === 0) this.release();
    else this.close();
  }

  /** Gives the socket up; the kernel goes on sending what it has taken over, and FIN. */
  close(): void {
    this.sendFirst();
    if (this.released) return;
    this.handle.close();
    this.release();
  }

  pause(): void {
    if (this.paused) return;
    this.paused = true;
    if (this.connected && !this.released) this.handle.readStop();
  }

  resume(): void {
    if (!this.paused) return;
    this.paused = false;
    if (this.connected) this.read();
  }

  /**
   * Has the kernel look after a peer that says nothing, and looks after a caller of which nothing is read. To be called
   * now and then, and not at first, since most connections don't get that old.
   */
  keep(): void {
    if (this.accepted) this.look();
    if (this.kept || this.released) return;
    this.kept = true;
    keepAlive(this.fd, KEEPALIVE_SECONDS);
  }

  /** Reads nothing until `goOn`, though it is not paused. */
  rest(): void {
    if (!this.paused && this.connected && !this.released) this.handle.readStop();
  }

  goOn(): void {
    if (!this.paused && this.connected) this.read();
  }

  /** Nothing else shows that a caller has broken off while nothing is read from it. */
  private look(): void {
    if (!this.paused || this.released || ++this.looks % LOOKS !== 0) return;
    const error = takeError(this.fd);
    if (error !== 0) this.fail(-error);
  }

  private read(): void {
    if (!this.released && !this.readEnded) this.handle.readStart();
  }

  /** Told by a tick of our own: to be called back by the handle costs a connection several times as much. */
  private release(): void {
    this.released = true;
    this.finished = true;
    process.nextTick(tellClosed, this);
  }

  private fail(status: number): void {
    if (this.released) return;
    this.close();
    this.events.failed(this, status);
  }

  /** FIN once all is out; with FIN from both sides the connection is over. */
  private endIfFlushed(): void {
    if (!this.connected || !this.flushed || this.released) return;
    if (this.readEnded) {
      // Nothing is left unread, so that this is FIN, too.
      this.close();
      return;
    }
    if (this.keepsPort) this.port = spend(this.fd);
    shutdownWrite(this.fd);
    this.writeEnded = true;
  }

  // === callbacks of the handle ===

  onRead(status: number): void {
    if (status > 0) this.events.data(this, READ_BUFFER, 0, status);
    else if (status === END_OF_STREAM) this.onEnd();
    else if (status < 0) this.fail(status);
  }

  private onEnd(): void {
    this.readEnded = true;
    // A write that met the reset took the error away from the read after it, which then looks like FIN.
    if (this.broken) this.events.failed(this, -EPIPE);
    else this.events.ended(this);
    if (this.writeEnded) this.close();
  }

  onConnect(status: number): void {
    if (this.released) return;
    if (status !== 0) {
      this.fail(status);
      return;
    }
    this.connected = true;
    if (!this.paused) this.read();
    if (this.finished) this.endIfFlushed();
  }

  onWritten(length: number, status: number): void {
    if (this.released) return;
    this.queued -= length;
    if (status !== 0) {
      if (!this.broken) this.breakOff();
      return;
    }
    if (this.queued > 0) return;
    if (this.finished) this.endIfFlushed();
    if (!this.isCongested) return;
    this.isCongested = false;
    this.events.drained(this);
  }

  onClosed(): void {
    this.events.closed(this);
  }
}

/** Only a socket that shared its address while it was open leaves a port in TIME_WAIT that can be bound again. */
function spend(fd: number): number {
  shareAddress(fd);
  return localPort(fd);
}

// One function each for all connections: they find their leg by the handle.

const legOf = (handle: TcpHandle): Leg => handle.owner as Leg;

function onRead(this: TcpHandle): void {
  legOf(this).onRead(lastRead());
}

function onConnect(status: number, handle: TcpHandle): void {
  legOf(handle).onConnect(status);
}

function onWritten(this: WriteRequest, status: number, handle: TcpHandle): void {
  legOf(handle).onWritten(this.bytes.length, status);
}

function tellClosed(leg: Leg): void {
  leg.onClosed();
}
