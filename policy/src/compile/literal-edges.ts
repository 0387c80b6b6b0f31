interface Edge<Node> {
  readonly parent: Node;
  readonly text: string;
  readonly child: Node;
  /** Another edge with the same hash. */
  readonly next: Edge<Node> | undefined;
}

/**
 * All literal edges of a trie in one map by hash of parent and text: a lookup cuts no string out of the path,
 * and a node with a single child doesn't pay for a map of its own.
 */
export class LiteralEdges<Node extends { readonly id: number }> {
  /** Null while there is none: many tries have no literal at all. */
  #edges: Map<number, Edge<Node>> | null = null;

  /** `text` must not be there yet. */
  add(parent: Node, text: string, child: Node): void {
    const hash = hashOf(parent.id, text, 0, text.length);
    this.#edges ??= new Map();
    this.#edges.set(hash, { parent, text, child, next: this.#edges.get(hash) });
  }

  /** `text` must be there. */
  remove(parent: Node, text: string): void {
    const hash = hashOf(parent.id, text, 0, text.length);
    const rest = without(this.#edges?.get(hash), parent, text);
    if (rest === undefined) this.#edges?.delete(hash);
    else this.#edges?.set(hash, rest);
  }

  /** The child of `parent` by the literal that stands in `path` from `start` up to `end`. */
  find(parent: Node, path: string, start: number, end: number): Node | null {
    let edge = this.#edges?.get(hashOf(parent.id, path, start, end));
    while (edge !== undefined) {
      const { text } = edge;
      if (edge.parent === parent && text.length === end - start && path.startsWith(text, start))
        return edge.child;
      edge = edge.next;
    }
    return null;
  }
}

/** The list without that edge. Lists are as short as hashes are good. */
function without<Node>(edge: Edge<Node> | undefined, parent: Node, text: string): Edge<Node> | undefined {
  if (edge === undefined) return undefined;
  if (edge.parent === parent && edge.text === text) return edge.next;
  return { ...edge, next: without(edge.next, parent, text) };
}

/** FNV-1a, kept within 30 bits so that the engine holds it as a small integer. */
function hashOf(seed: number, text: string, start: number, end: number): number {
  let hash = Math.imul(0x811c9dc5 ^ seed, 0x01000193);
  for (let i = start; i < end; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash & 0x3fffffff;
}
