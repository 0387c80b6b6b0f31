import type { z } from 'zod';
import { GRPC_METHOD, grpcTemplate } from '../path/grpc.ts';
import { overlapOf } from '../path/overlap.ts';
import { parseTemplate, TEMPLATE_LIMITS, type Template } from '../path/template.ts';
import { POLICY_LIMITS as LIMITS } from './limits.ts';
import { quote } from './quote.ts';

// Rules that a pattern or a bound can't say. They also run when something else in the list is already wrong,
// so that one round of corrections is enough; that's why they look at values as unknown.

export type Context = z.core.$RefinementCtx<unknown>;

/** For checks on lists: `when` of a zod check. */
export const ifList = { when: ({ value }: z.core.ParsePayload) => Array.isArray(value) };

/** For checks on objects: `when` of a zod check. */
export const ifObject = {
  when: ({ value }: z.core.ParsePayload) => typeof value === 'object' && value !== null,
};

export function checkUnique(values: readonly unknown[], context: Context): void {
  for (const [at, value] of values.entries()) {
    if (values.indexOf(value) < at) complain(context, `${quote(value)} is there twice`, [at]);
  }
}

export function checkUniqueNames(rules: readonly unknown[], context: Context): void {
  const seen = new Set<unknown>();
  for (const [at, rule] of rules.entries()) {
    const name = fieldOf(rule, 'name');
    if (seen.has(name)) complain(context, `another rule is also named ${quote(name)}`, [at, 'name']);
    if (name !== undefined) seen.add(name);
  }
}

export function checkNotEmpty(selector: object, context: Context): void {
  if (Object.keys(selector).length === 0)
    complain(context, 'an empty selector', [], 'leave out the whole list to select everything');
}

/** `serviceAccount: a/x` with `namespace: b` matches nobody: a rule that can't work is refused, not ignored. */
export function checkOneNamespace(selector: object, context: Context): void {
  const account = fieldOf(selector, 'serviceAccount');
  const namespace = fieldOf(selector, 'namespace');
  if (typeof account !== 'string' || typeof namespace !== 'string' || !account.includes('/')) return;
  if (!account.startsWith(`${namespace}/`))
    complain(
      context,
      `\`${account}\` is not in namespace \`${namespace}\``,
      ['serviceAccount'],
      'leave out `namespace`',
    );
}

/** Both together could only repeat what `grpc` says, or match nothing. */
export function checkGrpcAlone(selector: object, context: Context): void {
  if (!('grpc' in selector)) return;
  for (const field of ['methods', 'path']) {
    if (field in selector)
      complain(context, 'stands beside `grpc`, which says it already', [field], `leave out \`${field}\``);
  }
}

export function checkTemplate(path: string, context: Context): void {
  if (path.length > TEMPLATE_LIMITS.length) return;
  const template = parseTemplate(path);
  if (template.ok) return;
  const { column, message, hint } = template.error;
  complain(context, `column ${column}: ${message}`, [], hint);
}

/** Bounds what one policy can cost each request that it governs. */
export function checkMatchingCost(rules: readonly unknown[], context: Context): void {
  const operations = rules.flatMap((rule) => listOf(fieldOf(rule, 'to')));
  const methods = new Set(operations.flatMap(methodsOf));
  if (methods.size > LIMITS.distinctMethods)
    complain(context, `${methods.size} different methods; at most ${LIMITS.distinctMethods}`, []);
  checkPlaces(operations, context);
  const overlap = overlapOf(operations.flatMap(templatesOf));
  if (overlap > LIMITS.overlap)
    complain(
      context,
      `one path could match ${overlap} branches of these templates; at most ${LIMITS.overlap}`,
      [],
      'where templates differ only in the types of their parameters, one type is enough',
    );
}

/** Hosts and networks are indexed one by one; ApiPolicies have none. */
function checkPlaces(operations: readonly unknown[], context: Context): void {
  const count = operations
    .map(
      (operation) => listOf(fieldOf(operation, 'hosts')).length + listOf(fieldOf(operation, 'cidrs')).length,
    )
    .reduce((sum, places) => sum + places, 0);
  if (count > LIMITS.places)
    complain(context, `${count} hosts and networks; at most ${LIMITS.places}`, [], 'split the policy');
}

function methodsOf(operation: unknown): readonly unknown[] {
  return fieldOf(operation, 'grpc') === undefined ? listOf(fieldOf(operation, 'methods')) : [GRPC_METHOD];
}

function templatesOf(operation: unknown): Template[] {
  const path = pathOf(operation);
  const template = typeof path === 'string' ? parseTemplate(path) : null;
  return template?.ok ? [template.value] : [];
}

function pathOf(operation: unknown): unknown {
  const grpc = fieldOf(operation, 'grpc');
  const service = fieldOf(grpc, 'service');
  const method = fieldOf(grpc, 'method');
  if (typeof service !== 'string') return fieldOf(operation, 'path');
  return grpcTemplate(typeof method === 'string' ? { service, method } : { service });
}

export function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

export function fieldOf(value: unknown, field: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, field) : undefined;
}

export function complain(context: Context, message: string, path: (string | number)[], hint?: string): void {
  context.addIssue({ code: 'custom', message, path, params: hint === undefined ? {} : { hint } });
}
