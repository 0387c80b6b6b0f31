import type { Segment, Template } from './template.ts';

interface Branch {
  /** By literal text, or by parameter type; a path takes one literal but any number of parameter types. */
  readonly literals: Map<string, Branch>;
  readonly parameters: Map<string, Branch>;
}

/**
 * How many branches of these templates a single path could make the matcher follow, at worst. A few for any API;
 * thousands for templates that mix `{a}`, `{a:int}` and literals at every level, which would stall every caller.
 */
export function overlapOf(templates: readonly Template[]): number {
  const root = newBranch();
  for (const { segments } of templates) {
    let branch = root;
    for (const segment of segments) branch = childOf(branch, segment);
  }
  return worstFrom(root);
}

function worstFrom(branch: Branch): number {
  let worst = 1;
  for (const child of branch.parameters.values()) worst += worstFrom(child);
  let literal = 0;
  for (const child of branch.literals.values()) literal = Math.max(literal, worstFrom(child));
  return worst + literal;
}

function childOf(branch: Branch, segment: Segment): Branch {
  const [children, key] =
    segment.kind === 'literal' ? [branch.literals, segment.text] : [branch.parameters, segment.type ?? ''];
  const known = children.get(key);
  if (known !== undefined) return known;
  const child = newBranch();
  children.set(key, child);
  return child;
}

function newBranch(): Branch {
  return { literals: new Map(), parameters: new Map() };
}
