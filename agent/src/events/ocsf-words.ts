import type { Severity } from '@eastwall/policy';
import type { Reporter } from './agent-event.ts';
import { type Actor, type Metadata, OCSF_VERSION } from './ocsf-types.ts';

/** Captions of the schema, by their ids; what has an id is given its caption beside it. */
export const SEVERITY_IDS = {
  info: 1,
  low: 2,
  medium: 3,
  high: 4,
  critical: 5,
} as const satisfies Record<Severity, number>;
const SEVERITIES = ['Unknown', 'Informational', 'Low', 'Medium', 'High', 'Critical'] as const;

export const severity = (of: Severity) => ({
  severity_id: SEVERITY_IDS[of],
  severity: SEVERITIES[SEVERITY_IDS[of]],
});

/** What was done about it. Dispositions have more ids than are of use here. */
export const OUTCOMES = {
  allowed: { action_id: 1, action: 'Allowed', disposition_id: 1, disposition: 'Allowed' },
  blocked: { action_id: 2, action: 'Denied', disposition_id: 2, disposition: 'Blocked' },
  isolated: { action_id: 2, action: 'Denied', disposition_id: 4, disposition: 'Isolated' },
  detected: { action_id: 1, action: 'Allowed', disposition_id: 15, disposition: 'Detected' },
  rejected: { action_id: 2, action: 'Denied', disposition_id: 25, disposition: 'Rejected' },
} as const;

interface Activity {
  readonly category: readonly [id: number, name: string];
  readonly class: readonly [id: number, name: string];
  readonly activity: readonly [id: number, name: string];
}

/** What classifies an event. */
export function classified({ category, class: of, activity }: Activity) {
  const [class_uid, class_name] = of;
  const [activity_id, activity_name] = activity;
  return {
    category_uid: category[0],
    category_name: category[1],
    class_uid,
    class_name,
    activity_id,
    activity_name,
    type_uid: class_uid * 100 + activity_id,
    type_name: `${class_name}: ${activity_name}`,
  };
}

interface Marks {
  readonly uid: string;
  readonly correlation: string;
  readonly code: string;
  readonly profiles: readonly string[];
}

export const metadata = (marks: Marks, { version }: Reporter): Metadata => ({
  version: OCSF_VERSION,
  product: { name: 'Eastwall', vendor_name: 'Eastwall', version },
  profiles: marks.profiles,
  uid: marks.uid,
  correlation_uid: marks.correlation,
  event_code: marks.code,
  log_name: 'eastwall',
});

export const device = ({ node }: Reporter) => ({ type_id: 1, type: 'Server', hostname: node }) as const;

interface Caller {
  readonly namespace: string;
  readonly kind: string;
  readonly name: string;
  readonly serviceAccount: string;
}

/** `shop/Deployment/frontend`, as the service account that its pods run as. */
export const actor = ({ namespace, kind, name, serviceAccount }: Caller): Actor => ({
  app_name: `${namespace}/${kind}/${name}`,
  user: {
    name: `system:serviceaccount:${namespace}:${serviceAccount}`,
    type_id: 99,
    type: 'Service Account',
  },
});
