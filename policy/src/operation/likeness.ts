import type { LearnedOperation } from './learned-operation.ts';
import { type PathNode, REACH, type Reach } from './path-node.ts';
import { segmentClass } from './segment-class.ts';

export interface LikenessLimits {
  /** So many siblings that answer in one shape are values of one parameter. */
  readonly alike: number;
  /** So many, where nothing is known of their responses. */
  readonly alikeShapeless: number;
  /** So many that look like ids, whatever they answer. */
  readonly likely: number;
  /** More siblings than this are values, but for those that are called far more often than the others. */
  readonly literals: number;
}

/** Literals of one place that are values of one parameter. */
export interface Kin {
  readonly literals: readonly PathNode[];
  readonly reach: Reach;
}

/** How far below a sibling we look for what it has in common with the others. */
export const MAX_DEPTH = 3;
/** Traits of one sibling that are looked at. */
const MAX_TRAITS = 16;

/** What can be said of one operation at or below a sibling. */
interface Trait {
  /** Hash of the way from the sibling to the operation, with its method. */
  readonly place: number;
  /** 0 where it is not known. */
  readonly shape: number;
  /** There is a name on the way. Nearly every collection of every API has a parameter below it. */
  readonly below: boolean;
}

/** The first group of siblings that turn out to be values; null when each may stand for itself. */
export function findKin(node: PathNode, limits: LikenessLimits): Kin | null {
  const free = node.literals.filter((literal) => literal.isFree);
  if (free.length === 0) return null;
  const late = lateComers(free, node.parameter);
  if (late.length > 0) return { literals: late, reach: REACH.all };
  const likely = free.filter(({ text }) => text !== null && segmentClass(text, 0, text.length) === 'likely');
  if (likely.length >= limits.likely) return { literals: likely, reach: REACH.likely };
  if (free.length < limits.alike) return null;
  const alike = alikeAmong(free, limits);
  if (alike !== null) return { literals: alike, reach: REACH.all };
  if (node.literals.length <= limits.literals) return null;
  const many = cold(free);
  return many.length >= limits.alike ? { literals: many, reach: REACH.all } : null;
}

/** Once a place takes words, one that does as its parameter does is enough. */
function lateComers(siblings: readonly PathNode[], parameter: PathNode | null): readonly PathNode[] {
  if (parameter === null || parameter.reach !== REACH.all) return [];
  const known = traitsOf(parameter);
  return siblings.filter((sibling) => {
    let same = false;
    for (const { place, shape, below } of traitsOf(sibling)) {
      const there = known.filter((trait) => trait.place === place);
      const alike = there.some((trait) => trait.shape === shape);
      if (!alike && shape !== 0 && there.some((trait) => trait.shape !== 0)) return false;
      same ||= alike && (shape !== 0 || below);
    }
    return same;
  });
}

function alikeAmong(siblings: readonly PathNode[], limits: LikenessLimits): readonly PathNode[] | null {
  const traits = new Map(siblings.map((sibling) => [sibling, traitsOf(sibling)]));
  for (const [shape, group] of groupsBy(traits)) {
    if (shape && group.length >= limits.alike && !contradict(group, traits)) return group;
    if (!shape && group.length >= limits.alikeShapeless && !contradict(group, traits)) return cold(group);
  }
  const group = alikeBelow(traits, limits);
  return group.length >= limits.alike && !contradict(group, traits) ? group : null;
}

/** Siblings below which the same things are called, whatever the answers: the namespaces or tenants of an API. */
function alikeBelow(
  traits: ReadonlyMap<PathNode, readonly Trait[]>,
  limits: LikenessLimits,
): readonly PathNode[] {
  const holders = new Map<number, number>();
  const placesOf = ([sibling, its]: readonly [PathNode, readonly Trait[]]) =>
    [sibling, new Set(its.filter(({ below }) => below).map(({ place }) => place))] as const;
  const siblings = [...traits].map(placesOf);
  for (const [, places] of siblings)
    for (const place of places) holders.set(place, (holders.get(place) ?? 0) + 1);
  const isCommon = (place: number) => (holders.get(place) ?? 0) >= limits.alike;
  return siblings
    .filter(([, places]) => [...places].filter(isCommon).length >= COMMON_PLACES)
    .map(([sibling]) => sibling);
}

/** Two may be chance: many a collection has its `search` and its `count`. */
const COMMON_PLACES = 3;

/** Siblings by trait: whether the trait has a shape, and who has it. */
function groupsBy(traits: ReadonlyMap<PathNode, readonly Trait[]>): Iterable<readonly [boolean, PathNode[]]> {
  const groups = new Map<number, readonly [boolean, PathNode[]]>();
  for (const [sibling, its] of traits)
    for (const { place, shape } of its) {
      const key = mix(place, shape);
      const group = groups.get(key);
      if (group === undefined) groups.set(key, [shape !== 0, [sibling]]);
      else if (group[1].at(-1) !== sibling) group[1].push(sibling);
    }
  return groups.values();
}

/**
 * Resources of one API often share an answer, such as that to a DELETE, while everything else about them differs. Values
 * of one parameter don't: at no place may most of them have shapes of their own.
 */
function contradict(group: readonly PathNode[], traits: ReadonlyMap<PathNode, readonly Trait[]>): boolean {
  const places = new Map<number, { count: number; readonly shapes: Set<number> }>();
  for (const sibling of group)
    for (const { place, shape } of traits.get(sibling) ?? []) {
      if (shape === 0) continue;
      const at = places.get(place) ?? { count: 0, shapes: new Set() };
      at.count++;
      at.shapes.add(shape);
      places.set(place, at);
    }
  for (const { count, shapes } of places.values()) if (count > 2 && shapes.size > count / 2) return true;
  return false;
}

function traitsOf(sibling: PathNode): Trait[] {
  const traits: Trait[] = [];
  addTraits(traits, sibling, { way: 0, depth: 0, below: false });
  return traits;
}

interface Way {
  /** Hash of it. */
  readonly way: number;
  readonly depth: number;
  readonly below: boolean;
}

function addTraits(traits: Trait[], node: PathNode, at: Way): void {
  for (const end of node.ends) addTraitsOf(end, traits, at);
  if (at.depth === MAX_DEPTH) return;
  const depth = at.depth + 1;
  for (const child of node.literals) {
    if (traits.length >= MAX_TRAITS) return;
    addTraits(traits, child, { way: hashText(at.way, child.text ?? ''), depth, below: true });
  }
  if (node.parameter !== null) addTraits(traits, node.parameter, { ...at, way: mix(at.way, 1), depth });
}

function addTraitsOf(end: LearnedOperation, traits: Trait[], { way, depth, below }: Way): void {
  if (traits.length >= MAX_TRAITS) return;
  const place = hashText(hashText(way, end.method), end.name);
  // Commands answer alike (`{"ok": true}`), which tells nothing of what they are.
  const [shape = 0, ...others] = end.method === 'POST' ? [] : end.shapes;
  if (shape !== 0 || below || (depth === 0 && hasBody(end))) traits.push({ place, shape, below });
  for (const other of others) traits.push({ place, shape: other, below });
}

/** That two answer with nothing does not make them alike. */
const hasBody = ({ shapes, shapeless }: LearnedOperation): boolean => shapeless || shapes.length > 0;

/** Without those that are called far more often than the others: a part of the API among values, as `login` among names. */
function cold(siblings: readonly PathNode[]): PathNode[] {
  const counts = siblings.map(seenBelow);
  const total = counts.reduce((sum, count) => sum + count, 0);
  return siblings.filter((_, i) => {
    const count = counts[i] ?? 0;
    const others = (total - count) / Math.max(1, siblings.length - 1);
    return count < HOT_AT_LEAST || count < HOT_TIMES * others;
  });
}

const HOT_AT_LEAST = 16;
const HOT_TIMES = 8;

function seenBelow(node: PathNode): number {
  let seen = 0;
  for (const end of node.ends) seen += end.seen;
  if (node.parameter !== null) seen += seenBelow(node.parameter);
  for (const child of node.literals) seen += seenBelow(child);
  return seen;
}

function hashText(seed: number, text: string): number {
  let hash = mix(seed, text.length);
  for (let i = 0; i < text.length; i++) hash = mix(hash, text.charCodeAt(i));
  return hash;
}

/** FNV's step. */
function mix(hash: number, value: number): number {
  return Math.imul(hash ^ value ^ 0x811c9dc5, 0x01000193) | 0;
}
