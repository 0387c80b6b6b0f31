import { err, ok, type Result } from '../model/result.ts';

const MINUTE = 60_000;
/** A run may be looked back for as far as this. */
const MAX_LOOK_BACK_MINUTES = 24 * 60;

const FIELDS = [
  { name: 'minute', least: 0, most: 59 },
  { name: 'hour', least: 0, most: 23 },
  { name: 'day of month', least: 1, most: 31 },
  { name: 'month', least: 1, most: 12 },
  { name: 'day of week', least: 0, most: 7 },
] as const;

const NICKNAMES: Readonly<Record<string, string>> = {
  '@hourly': '0 * * * *',
  '@daily': '0 0 * * *',
  '@midnight': '0 0 * * *',
  '@weekly': '0 0 * * 0',
  '@monthly': '0 0 1 * *',
  '@yearly': '0 0 1 1 *',
  '@annually': '0 0 1 1 *',
};

/** A CronJob's schedule, in UTC. */
export class CronSchedule {
  readonly #fields: readonly ReadonlySet<number>[];
  /** Both days restricted: either of them matches, as cron has always had it. */
  readonly #isEitherDay: boolean;

  private constructor(fields: readonly ReadonlySet<number>[], isEitherDay: boolean) {
    this.#fields = fields;
    this.#isEitherDay = isEitherDay;
  }

  static parse(text: string): Result<CronSchedule, string> {
    const parts = (NICKNAMES[text.trim()] ?? text.trim()).split(/\s+/);
    if (parts.length !== FIELDS.length) return err('a schedule has five fields');
    const fields: ReadonlySet<number>[] = [];
    for (const [at, field] of FIELDS.entries()) {
      const values = valuesOf(parts[at] ?? '', field);
      if (values === null) return err(`\`${parts[at]}\` is no ${field.name}`);
      fields.push(values);
    }
    const isEitherDay = !parts[2]?.startsWith('*') && !parts[4]?.startsWith('*');
    return ok(new CronSchedule(fields, isEitherDay));
  }

  /** When the latest run began that can still be under way if runs take `runMs`; null when none can. */
  lastStart(now: number, runMs: number): number | null {
    const latest = Math.floor(now / MINUTE);
    const minutes = Math.min(MAX_LOOK_BACK_MINUTES, Math.ceil(runMs / MINUTE));
    for (let minute = latest; minute > latest - minutes; minute--)
      if (this.#matches(new Date(minute * MINUTE))) return minute * MINUTE;
    return null;
  }

  #matches(date: Date): boolean {
    const [minutes, hours, daysOfMonth, months, daysOfWeek] = this.#fields;
    if (!minutes?.has(date.getUTCMinutes()) || !hours?.has(date.getUTCHours())) return false;
    if (!months?.has(date.getUTCMonth() + 1)) return false;
    const isDayOfMonth = daysOfMonth?.has(date.getUTCDate()) ?? false;
    const isDayOfWeek = daysOfWeek?.has(date.getUTCDay()) ?? false;
    return this.#isEitherDay ? isDayOfMonth || isDayOfWeek : isDayOfMonth && isDayOfWeek;
  }
}

function valuesOf(text: string, { least, most }: { least: number; most: number }): Set<number> | null {
  const values = new Set<number>();
  for (const part of text.split(',')) {
    const match = /^(\*|\d{1,2}(?:-\d{1,2})?)(?:\/(\d{1,2}))?$/.exec(part);
    if (match === null) return null;
    const [, range = '', stepText] = match;
    const step = Number(stepText ?? '1');
    const [from, to] = boundsOf(range, stepText !== undefined, least, most);
    if (step < 1 || from < least || to > most || from > to) return null;
    // Sunday is 0 and 7.
    for (let value = from; value <= to; value += step) values.add(most === 7 ? value % 7 : value);
  }
  return values;
}

function boundsOf(range: string, hasStep: boolean, least: number, most: number): [number, number] {
  if (range === '*') return [least, most];
  const [from, to] = range.split('-').map(Number);
  return [from ?? least, to ?? (hasStep ? most : (from ?? most))];
}
