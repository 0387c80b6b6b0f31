import {
  canonicalPath,
  type Observation,
  type Operation,
  OperationLearner,
  type OperationLimits,
  type Workload,
} from '@eastwall/policy';
import type { Exchange } from '../exchange/exchange.ts';
import { textHash } from '../kernel/text-hash.ts';
import {
  type OperationMove,
  type OperationName,
  type OperationUsage,
  type Place,
  placeKey,
  type UsageKind,
} from '../record/operation-usage.ts';
import { UsageCell } from './usage-cell.ts';

interface Counted {
  readonly operation: Operation;
  readonly cell: UsageCell;
  /** As control knows it; empty before it does. */
  told: string;
}

/** What is called at one place: a port of a Service, or a host. */
export class OperationPlace {
  readonly learner: OperationLearner;
  /** Milliseconds since the epoch. */
  lastUsed = 0;
  /** Whoever remembers this place has to ask for it anew. */
  forgotten = false;
  /** The version of the policies that it was pinned by. */
  pinnedBy = -1;
  /** Stands for it in every process. */
  readonly key: number;
  readonly place: Place;
  readonly #counted = new Map<Operation, Counted>();
  readonly #unread: Readonly<Record<Exclude<UsageKind, 'operation'>, UsageCell>> = {
    tls: new UsageCell(),
    probes: new UsageCell(),
  };
  #generation = 0;
  #evicted = 0;

  constructor(place: Place, limits: Partial<OperationLimits>) {
    this.place = place;
    this.key = textHash(placeKey(place));
    this.learner = new OperationLearner(limits);
  }

  get size(): number {
    return this.#counted.size;
  }

  /** What a request is for; null while that is not known. */
  resolve(method: string, path: string): Operation | null {
    const canonical = canonicalPath(path);
    return canonical === null ? null : this.learner.resolve(method, canonical);
  }

  /** What a path is one of, as far as that is known; empty for one that can be read in two ways. */
  templateOf(path: string): string {
    const canonical = canonicalPath(path);
    return canonical === null ? '' : this.learner.templateOf(canonical);
  }

  /** Counts an exchange that ended, and learns from it. */
  ended(exchange: Exchange, caller: Workload, now: number): void {
    this.lastUsed = now;
    this.#cellOf(exchange, now)?.count(exchange, caller, now);
  }

  /** What has changed since the last call; returns how many operations were forgotten. */
  drain(into: { readonly moves: OperationMove[]; readonly usages: OperationUsage[] }): number {
    if (this.learner.generation !== this.#generation) {
      this.#generation = this.learner.generation;
      for (const counted of [...this.#counted.values()]) this.#follow(counted, into.moves);
    }
    for (const counted of this.#counted.values()) {
      const { operation, cell } = counted;
      if (cell.calls > 0) {
        const name = nameOf(operation);
        into.usages.push({ ...this.place, ...name, ...cell.take() });
        counted.told = name.template;
      }
      if (operation.evicted) this.#counted.delete(operation);
    }
    for (const kind of ['tls', 'probes'] as const) {
      const cell = this.#unread[kind];
      if (cell.calls > 0)
        into.usages.push({ ...this.place, kind, method: '', name: '', template: '', ...cell.take() });
    }
    const { evicted } = this.learner.counts;
    const forgotten = evicted - this.#evicted;
    this.#evicted = evicted;
    return forgotten;
  }

  #cellOf(exchange: Exchange, now: number): UsageCell | null {
    if (exchange.protocol === 'tls') return this.#unread.tls;
    // CONNECT names a host, and no path of this one.
    if (exchange.method === '' || exchange.method === 'CONNECT') return null;
    const operation = this.#operationOf(exchange, now);
    if (operation !== null) return this.#countedFor(operation).cell;
    // Who got no answer at all probed nothing.
    return exchange.status === 0 ? null : this.#unread.probes;
  }

  #operationOf(exchange: Exchange, now: number): Operation | null {
    const path = canonicalPath(exchange.path);
    if (path === null) return null;
    const { method, shape, operationName: name } = exchange;
    const isGrpc = exchange.grpcStatus >= 0;
    const status = isGrpc && NOTHING_THERE.has(exchange.grpcStatus) ? 404 : exchange.status;
    const seen: Observation = { method, path, name, status, shape, now, fixed: isGrpc };
    const { learner } = this;
    const found = learner.observe(seen, exchange.operation) ?? learner.resolve(method, path, name);
    // There may be more names than there is room for: those are one operation.
    return found !== null || name === '' ? found : learner.observe({ ...seen, name: '' });
  }

  #countedFor(operation: Operation): Counted {
    let counted = this.#counted.get(operation);
    if (counted === undefined) {
      counted = { operation, cell: new UsageCell(), told: '' };
      this.#counted.set(operation, counted);
    }
    return counted;
  }

  /** Carries over what belongs to another operation by now, and says what reads differently. */
  #follow(counted: Counted, moves: OperationMove[]): void {
    const { operation, cell, told } = counted;
    const now = operation.mergedInto ?? operation;
    if (told !== '' && told !== now.template) {
      moves.push({ ...this.place, from: { ...nameOf(operation), template: told }, to: nameOf(now) });
      counted.told = now.template;
    }
    if (now === operation) return;
    this.#counted.delete(operation);
    this.#countedFor(now).cell.add(cell);
  }
}

const nameOf = ({ method, name, template }: Operation): OperationName => ({
  kind: 'operation',
  method,
  name,
  template,
});

/** gRPC says in its own status what HTTP says in its: PERMISSION_DENIED, UNIMPLEMENTED, UNAVAILABLE, UNAUTHENTICATED. */
const NOTHING_THERE: ReadonlySet<number> = new Set([7, 12, 14, 16]);
