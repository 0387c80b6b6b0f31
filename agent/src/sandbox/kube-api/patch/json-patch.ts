import { err, ok, type Result } from '../../../kernel/result.ts';
import { isRecord, sameJson } from '../object.ts';

interface Operation {
  readonly op: string;
  readonly path: string;
  readonly from?: string;
  readonly value?: unknown;
}

type Patched = Result<unknown, string>;

/** RFC 6902. All operations or none; the error says which one failed. */
export function jsonPatch(target: unknown, operations: unknown): Patched {
  if (!Array.isArray(operations)) return err('a JSON patch is a list of operations');
  let document: unknown = structuredClone(target);
  for (const [index, operation] of operations.entries()) {
    if (!isOperation(operation)) return err(`operation ${index} is none`);
    const step = applyOperation(document, operation);
    if (!step.ok) return err(`operation ${index} (\`${operation.op} ${operation.path}\`): ${step.error}`);
    document = step.value;
  }
  return ok(document);
}

const isOperation = (value: unknown): value is Operation =>
  isRecord(value) && typeof value['op'] === 'string' && typeof value['path'] === 'string';

function applyOperation(document: unknown, operation: Operation): Patched {
  const path = pointer(operation.path);
  if (path === undefined) return err('the path is no JSON pointer');
  switch (operation.op) {
    case 'add':
      return edit(document, path, { kind: 'add', value: operation.value });
    case 'replace':
      return edit(document, path, { kind: 'replace', value: operation.value });
    case 'remove':
      return edit(document, path, { kind: 'remove' });
    case 'test': {
      const found = lookup(document, path);
      if (!found.ok) return found;
      return sameJson(found.value, operation.value) ? ok(document) : err('the value is another one');
    }
    case 'move':
    case 'copy':
      return transfer(document, path, operation);
    default:
      return err('no such operation');
  }
}

function transfer(document: unknown, path: readonly string[], operation: Operation): Patched {
  const from = pointer(operation.from ?? '-');
  if (from === undefined) return err('`from` is no JSON pointer');
  const found = lookup(document, from);
  if (!found.ok) return found;
  const base = operation.op === 'move' ? edit(document, from, { kind: 'remove' }) : ok(document);
  return base.ok ? edit(base.value, path, { kind: 'add', value: structuredClone(found.value) }) : base;
}

/** RFC 6901; undefined when the text is none. */
function pointer(text: string): readonly string[] | undefined {
  if (text === '') return [];
  if (!text.startsWith('/')) return undefined;
  return text
    .slice(1)
    .split('/')
    .map((token) => token.replaceAll('~1', '/').replaceAll('~0', '~'));
}

function lookup(document: unknown, path: readonly string[]): Patched {
  let value = document;
  for (const token of path) {
    const member = Array.isArray(value) ? value[arrayIndex(token, value.length - 1)] : own(value, token);
    if (member === undefined) return err(`nothing at \`${token}\``);
    value = member;
  }
  return ok(value);
}

type Edit = { readonly kind: 'add' | 'replace'; readonly value: unknown } | { readonly kind: 'remove' };

/** A copy of the document with the edit made at `path`. */
function edit(document: unknown, path: readonly string[], change: Edit): Patched {
  const [token, ...rest] = path;
  if (token === undefined) return change.kind === 'remove' ? ok(null) : ok(change.value);
  if (rest.length === 0) return editMember(document, token, change);
  const child = lookup(document, [token]);
  if (!child.ok) return child;
  const edited = edit(child.value, rest, change);
  return edited.ok ? editMember(document, token, { kind: 'replace', value: edited.value }) : edited;
}

function editMember(parent: unknown, token: string, change: Edit): Patched {
  if (Array.isArray(parent)) return editItem(parent, token, change);
  if (!isRecord(parent)) return err(`\`${token}\` is below a value that has no members`);
  if (change.kind !== 'add' && !Object.hasOwn(parent, token)) return err(`nothing at \`${token}\``);
  const members = Object.entries(parent).filter(([field]) => field !== token || change.kind !== 'remove');
  const copy = Object.fromEntries(members);
  return ok(change.kind === 'remove' ? copy : { ...copy, [token]: change.value });
}

function editItem(list: readonly unknown[], token: string, change: Edit): Patched {
  const last = change.kind === 'add' ? list.length : list.length - 1;
  const index = token === '-' && change.kind === 'add' ? list.length : arrayIndex(token, last);
  if (index < 0) return err(`no item \`${token}\``);
  if (change.kind === 'remove') return ok(list.toSpliced(index, 1));
  return ok(list.toSpliced(index, change.kind === 'add' ? 0 : 1, change.value));
}

/** -1 for what is no index up to `last`. */
function arrayIndex(token: string, last: number): number {
  const index = /^(0|[1-9]\d*)$/.test(token) ? Number(token) : -1;
  return index <= last ? index : -1;
}

const own = (value: unknown, field: string): unknown =>
  isRecord(value) && Object.hasOwn(value, field) ? value[field] : undefined;
