import type { z } from 'zod';
import { parseTemplate, TEMPLATE_LIMITS } from '../path/template.ts';
import { quote } from './quote.ts';

// Rules that a pattern or a bound can't say. They also run when something else in the list is already wrong,
// so that one round of corrections is enough; that's why they look at values as unknown.

type Context = z.core.$RefinementCtx<unknown>;

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

export function checkTemplate(path: string, context: Context): void {
  if (path.length > TEMPLATE_LIMITS.length) return;
  const template = parseTemplate(path);
  if (template.ok) return;
  const { column, message, hint } = template.error;
  complain(context, `column ${column}: ${message}`, [], hint);
}

function fieldOf(value: unknown, field: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, field) : undefined;
}

function complain(context: Context, message: string, path: (string | number)[], hint?: string): void {
  context.addIssue({ code: 'custom', message, path, params: hint === undefined ? {} : { hint } });
}
