import { DETECTION_IDS, type DetectionId } from '../detect/detections.ts';
import type { EnumerationSettings, GuardAction, GuardProfile } from '../model/guard-profile.ts';
import type { Workload } from '../model/workload.ts';
import { matchesCaller } from './caller-match.ts';

/** What holds for the callers of one namespace, complete. */
export interface GuardSettings {
  /** False alarms that are put up with, per week and guarded operation. */
  readonly alertBudgetPerWeek: number;
  readonly actions: Readonly<Record<DetectionId, GuardAction>>;
  readonly enumeration: EnumerationSettings;
  readonly adminPaths: readonly string[];
  isOperator(caller: Workload): boolean;
}

const HOUR = 3_600;

const logAll = (): Record<DetectionId, GuardAction> =>
  Object.fromEntries(DETECTION_IDS.map((id) => [id, 'Log'])) as Record<DetectionId, GuardAction>;

/** Without any profile: everything is reported, and nothing is done. */
export const DEFAULT_GUARDS: GuardSettings = Object.freeze({
  alertBudgetPerWeek: 1,
  actions: Object.freeze(logAll()),
  enumeration: Object.freeze({
    warmupRequests: 200,
    // Once round the week: what a caller does on Sundays is not known on Saturdays.
    warmupSeconds: 7 * 24 * HOUR,
    rolloutSeconds: HOUR,
    windowSeconds: 300,
  }),
  // Spring Boot Actuator, Go's pprof and expvar, Prometheus, Kubernetes-style and Jolokia endpoints.
  adminPaths: Object.freeze([
    '/actuator/**',
    '/debug/pprof/**',
    '/debug/vars',
    '/metrics',
    '/jolokia/**',
    '/env',
    '/heapdump',
    '/admin/**',
    '/_cat/**',
    '/_nodes/**',
    '/server-status',
    '/.env',
    '/.git/**',
  ]),
  isOperator: () => false,
});

/** A profile is in no namespace, so its selectors name one each. */
const NOWHERE = '';

export interface ProfileChange {
  readonly upsert?: readonly GuardProfile[];
  /** Names. */
  readonly remove?: readonly string[];
}

/**
 * The profiles in force. Immutable: a change makes another one. Of several profiles for one namespace the first by
 * name holds, since two could contradict each other.
 */
export class GuardProfiles {
  readonly #profiles: ReadonlyMap<string, GuardProfile>;
  readonly #byNamespace = new Map<string, GuardSettings>();

  private constructor(profiles: ReadonlyMap<string, GuardProfile>) {
    this.#profiles = profiles;
  }

  static empty(): GuardProfiles {
    return new GuardProfiles(new Map());
  }

  with({ upsert = [], remove = [] }: ProfileChange): GuardProfiles {
    const next = new Map(this.#profiles);
    for (const name of remove) next.delete(name);
    for (const profile of upsert) next.set(profile.name, profile);
    return new GuardProfiles(next);
  }

  /** What holds for callers of this namespace. The same object each time. */
  for(namespace: string): GuardSettings {
    const known = this.#byNamespace.get(namespace);
    if (known !== undefined) return known;
    const settings = settingsOf(this.#find(namespace));
    this.#byNamespace.set(namespace, settings);
    return settings;
  }

  #find(namespace: string): GuardProfile | null {
    const sorted = [...this.#profiles.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
    return (
      sorted.find(({ namespaces }) => namespaces?.includes(namespace)) ??
      sorted.find(({ namespaces }) => namespaces === undefined) ??
      null
    );
  }
}

function settingsOf(profile: GuardProfile | null): GuardSettings {
  if (profile === null) return DEFAULT_GUARDS;
  const { alertBudgetPerWeek, detections = [], enumeration, adminPaths, operators = [] } = profile;
  return {
    alertBudgetPerWeek: alertBudgetPerWeek ?? DEFAULT_GUARDS.alertBudgetPerWeek,
    actions: {
      ...DEFAULT_GUARDS.actions,
      ...Object.fromEntries(detections.map(({ id, action }) => [id, action])),
    },
    enumeration: { ...DEFAULT_GUARDS.enumeration, ...enumeration },
    adminPaths: adminPaths ?? DEFAULT_GUARDS.adminPaths,
    isOperator: (caller) => operators.some((selector) => matchesCaller(selector, NOWHERE, caller)),
  };
}
