import { duration, integer, optionalPath, type Parser } from './parsers.ts';

/**
 * One setting of the agent. Its flag and environment variable follow from its name (`flagOf`, `variableOf`),
 * and everything else that names settings (`--help`, the reference page) is generated from the table of them.
 */
export interface Setting<T> {
  readonly parse: Parser<T>;
  /** Written as a user would write it, and read by the same parser. */
  readonly fallback: string;
  /** What the value is, for `--help`: `<duration>`, `<path>`. */
  readonly form: string;
  readonly doc: string;
}

export const SECOND = 1_000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;
export const KIB = 1_024;

export const setting = <T>(parse: Parser<T>, fallback: string, form: string, doc: string): Setting<T> => ({
  parse,
  fallback,
  form,
  doc,
});

export const time = (fallback: string, min: number, max: number, doc: string) =>
  setting(duration({ min, max }), fallback, 'duration', doc);
export const count = (fallback: string, min: number, max: number, doc: string) =>
  setting(integer({ min, max }), fallback, 'number', doc);
/** The path of a file, or nothing. */
export const file = (doc: string) => setting(optionalPath, '', 'path', doc);
