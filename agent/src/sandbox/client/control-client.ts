import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { jsonLine, onJsonLines } from '../process/json-lines.ts';
import type { Calls, Method, Response } from '../protocol.ts';
import { SandboxError } from '../sandbox-error.ts';

interface Waiting {
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: Error) => void;
}

/** Calls the supervisor of a running sandbox. */
export class ControlClient {
  readonly #socket: Socket;
  readonly #waiting = new Map<number, Waiting>();
  #lastId = 0;

  private constructor(socket: Socket) {
    this.#socket = socket;
    onJsonLines(socket, (value) => this.#settle(value as Response));
    socket.on('error', () => {});
    socket.on('close', () => {
      for (const { reject } of this.#waiting.values()) reject(new SandboxError('the sandbox has ended'));
      this.#waiting.clear();
    });
  }

  static async connect(path: string): Promise<ControlClient> {
    const socket = connect(path);
    await once(socket, 'connect');
    // An open connection alone is no reason for a program not to end.
    socket.unref();
    return new ControlClient(socket);
  }

  call<M extends Method>(method: M, params: Calls[M]['params']): Promise<Calls[M]['result']> {
    this.#lastId += 1;
    const id = this.#lastId;
    this.#socket.ref();
    const answered = new Promise<unknown>((resolve, reject) => {
      if (this.#socket.destroyed) reject(new SandboxError('the sandbox has ended'));
      else this.#waiting.set(id, { resolve, reject });
    });
    this.#socket.write(jsonLine({ id, method, params }));
    // The supervisor is of the same version as we are, so the result is what the method promises.
    return answered as Promise<Calls[M]['result']>;
  }

  close(): void {
    this.#socket.destroy();
  }

  #settle(response: Response): void {
    const waiting = this.#waiting.get(response.id);
    this.#waiting.delete(response.id);
    if (this.#waiting.size === 0) this.#socket.unref();
    if ('error' in response) waiting?.reject(new SandboxError(response.error));
    else waiting?.resolve(response.result);
  }
}
