/** What a rule has done when its callers walk through ids that they were never shown; see `GuardAction`. */
export type EnumerationAction = 'Off' | 'Log' | 'Throttle' | 'Block';

/** How an Allow rule guards the operations it allows; what it leaves out is as the GuardProfile has it. */
export interface RuleEnumeration {
  readonly action?: EnumerationAction;
  readonly alertBudgetPerWeek?: number;
}

/** A batch job that walks through ids it has from elsewhere, as its owner declares it. */
export interface Expectation {
  readonly name: string;
  readonly distinctPerRun: number;
  /** When runs begin, in UTC: `0 * * * *`. */
  readonly schedule: string;
  /** How long a run may take. */
  readonly runSeconds: number;
}
