import { canonicalPath } from '../path/canonical.ts';
import { parseTemplate, type Template } from '../path/template.ts';
import { clearLanes, emptyLanes, NO_RULE } from './lanes.ts';
import { PathTrie } from './path-trie.ts';

/** A set of path templates, asked for each request: the cost does not grow with how many there are. */
export class PathSet {
  readonly #trie = new PathTrie();
  readonly #found = emptyLanes();

  /** Templates that are invalid are left out; a parsed profile has none. */
  readonly #templates: readonly string[];
  /** By the first character of a path's first segment: 0 where no template begins so. */
  readonly #begins = new Uint8Array(128).fill(1);

  constructor(templates: readonly string[]) {
    this.#templates = templates;
    for (const code of ALPHANUMERIC) this.#begins[code] = 0;
    for (const [rank, text] of templates.entries()) {
      const template = parseTemplate(text);
      if (!template.ok) continue;
      this.#noteBegin(template.value);
      this.#trie.add({ template: template.value, methods: null }, { lane: 'enforceDeny', rank });
    }
  }

  /** The first template that `path` matches: the raw path of a request target. One that can be read in two ways matches none. */
  find(path: string): string | null {
    // Most paths are those of no template, and say so at once.
    if (this.#begins[path.charCodeAt(1)] === 0) return null;
    const canonical = canonicalPath(path);
    if (canonical === null) return null;
    clearLanes(this.#found);
    this.#trie.match('GET', canonical, this.#found);
    const { enforceDeny } = this.#found;
    return enforceDeny === NO_RULE ? null : (this.#templates[enforceDeny] ?? null);
  }

  #noteBegin({ segments: [first] }: Template): void {
    if (first?.kind === 'literal') this.#begins[first.text.charCodeAt(0)] = 1;
    else this.#begins.fill(1);
  }
}

/** They have one spelling but for their escape, which begins with `%`. */
const ALPHANUMERIC = Array.from({ length: 128 }, (_, code) => code).filter((code) =>
  /[0-9A-Za-z]/.test(String.fromCharCode(code)),
);
