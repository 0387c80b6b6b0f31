import { canonicalPath } from '../path/canonical.ts';
import { parseTemplate } from '../path/template.ts';
import { clearLanes, emptyLanes, NO_RULE } from './lanes.ts';
import { PathTrie } from './path-trie.ts';

/** A set of path templates, asked for each request: the cost does not grow with how many there are. */
export class PathSet {
  readonly #trie = new PathTrie();
  readonly #found = emptyLanes();

  /** Templates that are invalid are left out; a parsed profile has none. */
  readonly #templates: readonly string[];

  constructor(templates: readonly string[]) {
    this.#templates = templates;
    for (const [rank, text] of templates.entries()) {
      const template = parseTemplate(text);
      if (template.ok)
        this.#trie.add({ template: template.value, methods: null }, { lane: 'enforceDeny', rank });
    }
  }

  /** The first template that `path` matches: the raw path of a request target. One that can be read in two ways matches none. */
  find(path: string): string | null {
    const canonical = canonicalPath(path);
    if (canonical === null) return null;
    clearLanes(this.#found);
    this.#trie.match('GET', canonical, this.#found);
    const { enforceDeny } = this.#found;
    return enforceDeny === NO_RULE ? null : (this.#templates[enforceDeny] ?? null);
  }
}
