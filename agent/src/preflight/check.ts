/** One thing that an agent needs of its node, and whether it is there. */
export interface Check {
  readonly name: string;
  /** `warning`: it works, with less than there could be. `fatal`: it does not. */
  readonly state: 'ok' | 'warning' | 'fatal';
  readonly found: string;
  /** What to do about it; null when there is nothing to do. */
  readonly todo: string | null;
}

export const fine = (name: string, found: string): Check => ({ name, state: 'ok', found, todo: null });
export const warning = (name: string, found: string, todo: string): Check => ({
  name,
  state: 'warning',
  found,
  todo,
});
export const fatal = (name: string, found: string, todo: string): Check => ({
  name,
  state: 'fatal',
  found,
  todo,
});
