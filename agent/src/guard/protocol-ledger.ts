import type { Spoken } from '../exchange/watch.ts';
import { RecentMap } from '../identity/recent-map.ts';
import type { LearnedProtocol } from '../record/learned.ts';
import type { Sight } from './sight.ts';

export interface ProtocolLedgerOptions {
  readonly maxDestinations: number;
  /** So many connections of HTTP, and none of anything else, make a destination one that speaks HTTP. */
  readonly afterConnections: number;
  /** And so long, in ms. */
  readonly afterMs: number;
}

/** Each time that we were wrong about a destination it takes twice as much to be sure again, up to so many times. */
const MAX_DOUBLINGS = 10;

interface Known {
  /** Connections of HTTP since anything else was last spoken, and since when. */
  connections: number;
  since: number;
  /** How often something else was spoken after the destination had settled. */
  drifts: number;
}

const UNREADABLE: Readonly<Record<'tls' | 'opaque', string>> = {
  tls: 'TLS',
  opaque: 'bytes that nobody can read',
};

/**
 * What the connections to each destination speak. One that has spoken nothing but HTTP for long, and is then sent
 * something else, has drifted: once per episode, since it has to settle anew before that can be said again. It is only
 * watched: what passes is up to policies, which never ask here.
 */
export class ProtocolLedger {
  readonly #options: ProtocolLedgerOptions;
  readonly #known: RecentMap<Known>;

  constructor(options: ProtocolLedgerOptions) {
    this.#options = options;
    this.#known = new RecentMap(options.maxDestinations);
  }

  /** Takes in what one connection speaks. `now` is monotonic milliseconds. */
  note(destination: string, spoken: Spoken, now: number): Sight | null {
    const known = this.#known.get(destination) ?? { connections: 0, since: now, drifts: 0 };
    this.#known.set(destination, known);
    if (spoken === 'http1' || spoken === 'h2') {
      if (known.connections++ === 0) known.since = now;
      return null;
    }
    const { connections, since } = known;
    const drifted = this.#hasSettled(known, now);
    known.connections = 0;
    if (!drifted) return null;
    known.drifts++;
    const minutes = Math.floor((now - since) / 60_000);
    return {
      detection: 'protocol-drift',
      explanation: `sends ${UNREADABLE[spoken]} to what has spoken nothing but HTTP: ${connections} connections in ${minutes} min`,
      evidence: { spoken, connections, minutes },
    };
  }

  /** What destinations have spoken; `now` is monotonic milliseconds. */
  *save(now: number): Generator<LearnedProtocol> {
    for (const [destination, { connections, since, drifts }] of this.#known.entries()) {
      const ageMs = connections === 0 ? 0 : Math.max(0, Math.round(now - since));
      yield { kind: 'protocol', destination, connections, ageMs, drifts };
    }
  }

  /** One that has been heard of by now stays as it is. */
  restore({ destination, connections, ageMs, drifts }: LearnedProtocol, now: number): void {
    if (this.#known.get(destination) !== undefined) return;
    this.#known.set(destination, { connections, since: now - ageMs, drifts });
  }

  #hasSettled({ connections, since, drifts }: Known, now: number): boolean {
    const { afterConnections, afterMs } = this.#options;
    const factor = 2 ** Math.min(drifts, MAX_DOUBLINGS);
    return connections >= afterConnections * factor && now - since >= afterMs * factor;
  }
}
