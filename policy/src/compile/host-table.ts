import type { CompiledReach } from './compiled-egress.ts';
import type { Lane } from './lanes.ts';
import { PathTrie } from './path-trie.ts';

/** Prefix of a host pattern for all names below the rest of it. */
const BELOW = '*.';

/**
 * Rules by the hosts they name. A request is tried against those that name no host, those that name its own, and those
 * for all names below one of its domains: a step for each label of the host, however many hosts there are.
 */
export class HostTable {
  /** Entries: what it costs to keep. */
  size = 0;
  /** Some enforced Allow rule is in the table. */
  allows = false;
  readonly #anyHost = new PathTrie();
  readonly #exact = new Map<string, PathTrie>();
  readonly #below = new Map<string, PathTrie>();

  add({ hosts, operation }: CompiledReach, place: { lane: Lane; rank: number }): void {
    this.allows ||= place.lane === 'enforceAllow';
    this.size += hosts?.length ?? 1;
    if (hosts === null) this.#anyHost.add(operation, place);
    else for (const host of hosts) this.#trieOf(host).add(operation, place);
  }

  /** What to try a request against; `host` is as from `hostName`. */
  triesFor(host: string | null): PathTrie[] {
    const tries = [this.#anyHost];
    if (host === null) return tries;
    const exact = this.#exact.get(host);
    if (exact !== undefined) tries.push(exact);
    if (this.#below.size === 0) return tries;
    for (let dot = host.indexOf('.'); dot >= 0; dot = host.indexOf('.', dot + 1)) {
      const below = this.#below.get(host.slice(dot + 1));
      if (below !== undefined) tries.push(below);
    }
    return tries;
  }

  #trieOf(pattern: string): PathTrie {
    const [tries, name] = pattern.startsWith(BELOW)
      ? [this.#below, pattern.slice(BELOW.length)]
      : [this.#exact, pattern];
    const known = tries.get(name);
    if (known !== undefined) return known;
    const made = new PathTrie();
    tries.set(name, made);
    return made;
  }
}
