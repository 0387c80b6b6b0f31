import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { referenceMatchesTemplate } from '../../testing/reference-path.ts';
import { runs } from '../../testing/runs.ts';
import { canonicalPath } from '../path/canonical.ts';
import { parseTemplate, type Template } from '../path/template.ts';
import { emptyLanes, NO_RULE } from './lanes.ts';
import { PathTrie } from './path-trie.ts';

function template(source: string): Template {
  const parsed = parseTemplate(source);
  if (!parsed.ok) throw new Error(parsed.error.message);
  return parsed.value;
}

/** Rank of the first template that matches a GET of the path. */
function firstMatch(trie: PathTrie, path: string): number | null {
  const lanes = emptyLanes();
  trie.match('GET', path, lanes);
  return lanes.enforceAllow === NO_RULE ? null : lanes.enforceAllow;
}

const segment = fc.constantFrom('a', 'b', '7', '12345678', '{x}', '{x:int}', '{x:hex}', '{x:slug}');
const source = fc
  .tuple(fc.array(segment, { maxLength: 4 }), fc.constantFrom('', '/', '/**'))
  .map(
    ([segments, end]) => segments.map((one, at) => `/${one.replace('x', `x${at}`)}`).join('') + end || '/',
  );
const path = fc
  .tuple(
    fc.array(fc.constantFrom('a', 'b', '7', '12345678', 'x-y', '.z'), { maxLength: 5 }),
    fc.constantFrom('', '/'),
  )
  .map(([segments, end]) => segments.map((one) => `/${one}`).join('') + end || '/');

describe('PathTrie', () => {
  it('finds the first of any templates that match, as a list of regular expressions would', () => {
    fc.assert(
      fc.property(fc.array(source, { maxLength: 12 }), path, (sources, asked) => {
        const trie = new PathTrie();
        for (const [rank, text] of sources.entries())
          trie.add({ template: template(text), methods: ['GET'] }, { lane: 'enforceAllow', rank });
        const expected = sources.findIndex((text) => referenceMatchesTemplate(text, asked));
        expect(canonicalPath(asked)).toBe(asked);
        expect(firstMatch(trie, asked)).toBe(expected < 0 ? null : expected);
      }),
      runs(3_000),
    );
  });

  it('tells apart thousands of literals, under one parent and under many', () => {
    const trie = new PathTrie();
    const sources = Array.from({ length: 5_000 }, (_, i) => [`/flat-${i}`, `/p${i % 70}/leaf-${i}/x`]).flat();
    for (const [rank, text] of sources.entries())
      trie.add({ template: template(text), methods: null }, { lane: 'enforceAllow', rank });
    for (const [rank, text] of sources.entries()) expect(firstMatch(trie, text)).toBe(rank);
    expect(firstMatch(trie, '/flat-5000')).toBeNull();
    expect(firstMatch(trie, '/p1/leaf-2/x')).toBeNull();
  });

  it('keeps lanes and methods apart and the lowest rank of each', () => {
    const trie = new PathTrie();
    trie.add({ template: template('/a'), methods: ['GET', 'POST'] }, { lane: 'enforceAllow', rank: 3 });
    trie.add({ template: template('/{x}'), methods: ['GET'] }, { lane: 'enforceAllow', rank: 1 });
    trie.add({ template: template('/**'), methods: null }, { lane: 'auditDeny', rank: 2 });
    trie.add({ template: null, methods: ['POST'] }, { lane: 'enforceDeny', rank: 0 });
    const lanes = (method: string, asked: string) => {
      const found = emptyLanes();
      trie.match(method, asked, found);
      return Object.fromEntries(Object.entries(found).filter(([, rank]) => rank !== NO_RULE));
    };
    expect(lanes('GET', '/a')).toEqual({ enforceAllow: 1, auditDeny: 2 });
    expect(lanes('POST', '/a')).toEqual({ enforceAllow: 3, auditDeny: 2, enforceDeny: 0 });
    expect(lanes('POST', '*')).toEqual({ enforceDeny: 0 });
    expect(lanes('PUT', '/a/b')).toEqual({ auditDeny: 2 });
  });
});
