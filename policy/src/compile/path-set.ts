import { canonicalPath } from '../path/canonical.ts';
import { parseTemplate } from '../path/template.ts';
import { clearLanes, emptyLanes, NO_RULE } from './lanes.ts';
import { PathTrie } from './path-trie.ts';

/** A set of path templates, asked for each request: the cost does not grow with how many there are. */
export class PathSet {
  readonly #trie = new PathTrie();
  readonly #found = emptyLanes();

  /** Templates that are invalid are left out; a parsed profile has none. */
  constructor(templates: readonly string[]) {
    for (const text of templates) {
      const template = parseTemplate(text);
      if (template.ok)
        this.#trie.add({ template: template.value, methods: null }, { lane: 'enforceDeny', rank: 0 });
    }
  }

  /** `path` is the raw path of a request target; one that can be read in two ways is in no set. */
  has(path: string): boolean {
    const canonical = canonicalPath(path);
    if (canonical === null) return false;
    clearLanes(this.#found);
    this.#trie.match('GET', canonical, this.#found);
    return this.#found.enforceDeny !== NO_RULE;
  }
}
