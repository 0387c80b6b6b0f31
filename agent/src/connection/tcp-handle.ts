/**
 * libuv's TCP handle as Node wraps it, below `net.Socket`: a `Socket` is a Readable, a Writable, their queues and a
 * dozen listeners, which cost more than all system calls of a short connection, and a relay needs none of it.
 * It is internal to Node, which is why Node is pinned; whatever of it we use is named in this file.
 */
export interface TcpHandle {
  readonly fd: number;
  /** For whoever the callbacks are about. */
  owner: unknown;
  /** Called with the handle as `this` after each read, with what `lastRead` says. */
  onread: () => void;
  /** All reads go there. */
  useUserBuffer(buffer: Uint8Array): void;
  readStart(): number;
  readStop(): number;
  writeBuffer(request: WriteRequest, bytes: Uint8Array): number;
  open(fd: number): number;
  connect(request: ConnectRequest, ip: string, port: number): number;
  connect6(request: ConnectRequest, ip: string, port: number): number;
  /** Either closes the descriptor at once; what was not finished calls back with an error. */
  close(): void;
  reset(): number;
}

interface Request {
  oncomplete: (status: number, handle: TcpHandle) => void;
}

/** One queued write; holds the bytes until they are sent. */
export interface WriteRequest extends Request {
  bytes: Uint8Array;
}

export type ConnectRequest = Request;

interface StreamBinding {
  readonly WriteWrap: new () => WriteRequest;
  readonly kReadBytesOrError: number;
  readonly kLastWriteWasAsync: number;
  readonly streamBaseState: Int32Array;
}

interface TcpBinding {
  readonly TCP: new (type: number) => TcpHandle;
  readonly TCPConnectWrap: new () => ConnectRequest;
  readonly constants: { readonly SOCKET: number };
}

const { binding } = process as unknown as { binding(name: string): unknown };
const stream = binding('stream_wrap') as StreamBinding;
const tcp = binding('tcp_wrap') as TcpBinding;

/** `UV_EOF`: the peer has sent FIN. */
export const END_OF_STREAM = -4095;

export const WriteRequest = stream.WriteWrap;
export const ConnectRequest = tcp.TCPConnectWrap;

/** Of the read that is being called back: bytes, `END_OF_STREAM`, or `-errno`. */
export const lastRead = (): number => stream.streamBaseState[stream.kReadBytesOrError] ?? 0;

/** Whether the write that was just made is not over, so that its request will be called back. */
export const lastWriteWaits = (): boolean => stream.streamBaseState[stream.kLastWriteWasAsync] !== 0;

/** A handle for a descriptor of our own, which it then owns; `-errno` when libuv does not take it. */
export function handleOf(fd: number): TcpHandle | number {
  const handle = new tcp.TCP(tcp.constants.SOCKET);
  const status = handle.open(fd);
  return status === 0 ? handle : status;
}
