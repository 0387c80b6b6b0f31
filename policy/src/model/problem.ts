/** One thing wrong with something an operator wrote. */
export interface Problem {
  /** Where, as the operator would say it: `spec.rules[2].to[0].path`; empty for the whole object. */
  readonly path: string;
  readonly message: string;
  readonly hint?: string;
}
