import { readFile } from 'node:fs/promises';
import { dirname, relative, resolve } from 'node:path';
import type { z } from 'zod';
import { isRecord, type ObjectInput } from '../kube-api/object.ts';
import type { PlacedObject } from '../protocol.ts';
import { SandboxError } from '../sandbox-error.ts';
import { type PathProblem, TopologyError } from './problem.ts';
import { referenceProblems } from './references.ts';
import { type ParsedTopology, type TopologyInput, topologySchema } from './schema.ts';
import { inlineSource, lowerFirst, parseSources, type Source } from './source.ts';

export interface Topology extends Omit<ParsedTopology, 'objects'> {
  readonly objects: readonly PlacedObject[];
}

const MAX_FILE_BYTES = 8 * 1024 * 1024;

/** Reads and checks a topology; throws a `TopologyError` with everything that is wrong with it. */
export async function loadTopology(options: {
  readonly topology?: TopologyInput;
  readonly file?: string;
}): Promise<Topology> {
  if (options.file === undefined) return check(inlineSource(options.topology ?? {}), process.cwd());
  const sources = await readSources(options.file);
  const [source, second] = sources;
  if (source === undefined) throw new TopologyError([{ where: options.file, message: 'the file is empty' }]);
  if (second !== undefined) {
    throw new TopologyError([{ where: second.where([]), message: 'a topology is one document' }]);
  }
  return check(source, dirname(options.file));
}

async function check(source: Source, directory: string): Promise<Topology> {
  const parsed = topologySchema.safeParse(source.value);
  const problems = parsed.success ? referenceProblems(parsed.data) : parsed.error.issues.flatMap(toProblems);
  if (!parsed.success || problems.length > 0) {
    const inOrder = problems.toSorted((a, b) => source.offset(a.path) - source.offset(b.path));
    throw new TopologyError(inOrder.map(({ path, message }) => ({ where: source.where(path), message })));
  }
  return { ...parsed.data, objects: await placeObjects(parsed.data, source, directory) };
}

async function placeObjects(
  { objects }: ParsedTopology,
  source: Source,
  directory: string,
): Promise<readonly PlacedObject[]> {
  const placed = await Promise.all(
    objects.map(async (entry, index) => {
      const where = source.where(['objects', index]);
      if (!('file' in entry) || typeof entry.file !== 'string')
        return [{ object: entry as ObjectInput, where }];
      return readObjects(resolve(directory, entry.file), where);
    }),
  );
  return placed.flat();
}

async function readObjects(file: string, where: string): Promise<PlacedObject[]> {
  const shown = relative(process.cwd(), file);
  const sources = await readSources(shown, where);
  return sources
    .filter(({ value }) => value !== null)
    .map((source) => {
      const at = source.where([]);
      if (isKubeObject(source.value)) return { object: source.value, where: at };
      throw new TopologyError([
        { where: at, message: 'not a kube object: it needs `apiVersion`, `kind` and `metadata.name`' },
      ]);
    });
}

const isKubeObject = (value: unknown): value is ObjectInput =>
  isRecord(value) &&
  typeof value['apiVersion'] === 'string' &&
  typeof value['kind'] === 'string' &&
  isRecord(value['metadata']) &&
  typeof value['metadata']['name'] === 'string';

async function readSources(file: string, where?: string): Promise<Source[]> {
  const prefix = where === undefined ? '' : `${where}: `;
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new SandboxError(
      `${prefix}cannot read \`${file}\`: ${error.code === 'ENOENT' ? 'no such file' : error.message}`,
    );
  });
  if (text.length > MAX_FILE_BYTES)
    throw new SandboxError(`${prefix}\`${file}\` is larger than ${MAX_FILE_BYTES} bytes`);
  return parseSources(text, file);
}

type Issue = z.core.$ZodIssue;

/** One problem per unknown field, at that field; for a union the schema's own words say it best. */
function toProblems(issue: Issue): PathProblem[] {
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({ path: [...issue.path, key], message: `no such field: \`${key}\`` }));
  }
  if (issue.code === 'invalid_union') return nearestBranch(issue);
  if (issue.message.endsWith('received undefined')) {
    return [{ path: issue.path, message: `\`${String(issue.path.at(-1))}\` is missing` }];
  }
  return [{ path: issue.path, message: lowerFirst(issue.message.replace(/^Invalid input: /, '')) }];
}

/** Where the value has the shape of one branch, what is wrong inside that branch is what helps. */
function nearestBranch(issue: Issue & { readonly code: 'invalid_union' }): PathProblem[] {
  const shaped = issue.errors.filter((branch) => branch.some(isInside));
  const strange = (branch: readonly Issue[]) =>
    branch.filter(({ code }) => code === 'unrecognized_keys').length;
  const [nearest] = shaped.toSorted((a, b) => strange(a) - strange(b) || a.length - b.length);
  if (nearest === undefined) return [{ path: issue.path, message: lowerFirst(issue.message) }];
  return nearest
    .flatMap(toProblems)
    .map(({ path, message }) => ({ path: [...issue.path, ...path], message }));
}

/** The value is of the right type for this branch, if not right. */
const isInside = ({ path, code }: Issue): boolean =>
  path.length > 0 || code === 'unrecognized_keys' || code === 'too_big' || code === 'too_small';
