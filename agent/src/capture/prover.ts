import { randomInt } from 'node:crypto';
import type { Family, NamespaceId } from '../ipc/messages.ts';
import { PROOF } from '../ipc/proof.ts';
import { errnoText } from '../kernel/errno.ts';
import { closeFd, type Fd } from '../kernel/libc.ts';
import { beginConnect, isConnected } from '../kernel/libc-connect.ts';
import { tcpSocket } from '../kernel/libc-sockets.ts';
import type { NetnsDoor } from './inside.ts';

/** How the latest proof of one address family ended. */
export type Proof =
  | { readonly state: 'proven' }
  /** The connection was not brought to a dataplane of ours. */
  | { readonly state: 'failed'; readonly why: string }
  /** The pod can't connect anywhere by this family. */
  | { readonly state: 'impossible'; readonly why: string };

const DEADLINE_MS = 3_000;
/** Also as long as a port's number is not used again for one family of one namespace. */
const PORTS = { first: 1_024, last: 65_535 } as const;

/**
 * Proves that connections of a pod come to a dataplane, by making one: from inside the namespace, with a socket that
 * nothing exempts, to an address that nobody has. Where the agent is known by its cgroup, which no socket of this
 * process can leave, a rule keeps that exemption from connections to this address; all else is as for the pod's own.
 */
export class Prover {
  readonly #door: NetnsDoor;
  readonly #waiting = new Map<string, (proof: Proof) => void>();

  constructor(door: NetnsDoor) {
    this.#door = door;
  }

  prove(ns: NamespaceId, netns: Fd, family: Family): Promise<Proof> {
    const made = this.#door.inside(netns, () => tcpSocket(family));
    if (!made.ok) return impossible(made.error);
    const fd = made.value;
    if (fd < 0) return impossible(errnoText(fd));
    const port = randomInt(PORTS.first, PORTS.last + 1);
    const begun = beginConnect(fd, PROOF[family].bytes, port);
    if (begun < 0) {
      closeFd(fd);
      return impossible(errnoText(begun));
    }
    const key = keyOf(ns, family, port);
    return new Promise<Proof>((resolve) => {
      const deadline = setTimeout(() => resolve(failed(fd)), DEADLINE_MS);
      this.#waiting.set(key, (proof) => {
        clearTimeout(deadline);
        resolve(proof);
      });
    }).finally(() => {
      this.#waiting.delete(key);
      closeFd(fd);
    });
  }

  /** A dataplane has accepted a connection to that port of the proof's address from that namespace. */
  proved(ns: NamespaceId, family: Family, port: number): void {
    this.#waiting.get(keyOf(ns, family, port))?.({ state: 'proven' });
  }
}

const keyOf = (ns: NamespaceId, family: Family, port: number): string => `${ns} ${family} ${port}`;

const impossible = (why: string): Promise<Proof> => Promise.resolve({ state: 'impossible', why });

const failed = (fd: Fd): Proof => ({
  state: 'failed',
  why: isConnected(fd) ? 'no dataplane takes what is redirected' : 'it is not redirected',
});
