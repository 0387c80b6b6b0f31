import { z } from 'zod';
import { DETECTION_IDS, DETECTIONS, type DetectionId } from '../detect/detections.ts';
import { GUARD_ACTIONS } from '../model/guard-profile.ts';
import * as checks from './checks.ts';
import { POLICY_LIMITS as LIMITS } from './limits.ts';
import * as names from './names.ts';
import { offOr } from './off.ts';
import { callers, path, SET } from './selectors.ts';

/** The one source of what a GuardProfile is: the parser, the CRD and the reference page come from here. */
const detection = z
  .strictObject({
    id: z.enum(DETECTION_IDS as [DetectionId, ...DetectionId[]]).meta({ description: 'Which detection.' }),
    action: offOr(
      GUARD_ACTIONS.filter((word) => word !== 'Off'),
      '`Disabled` looks away; `Log` makes a finding; `Throttle` slows the caller down at this operation; `Block` refuses it there; `Quarantine` refuses everything that the caller asks for. `Throttle` and `Block` are for detections that show in a request. `"Off"`, in quotes, is `Disabled`.',
    ),
  })
  .superRefine(checkInline, checks.ifObject)
  .meta({ description: 'What is done about one kind of finding.' });

const seconds = (max: number, description: string) =>
  z.int().min(1).max(max).meta({ description }).exactOptional();

const WEEK = 7 * 24 * 3_600;

const enumeration = z
  .strictObject({
    warmupRequests: z
      .int()
      .min(1)
      .max(1_000_000)
      .meta({
        description:
          'Requests of a caller to an operation before a finding may lead to more than a report. Absent: 200.',
      })
      .exactOptional(),
    warmupSeconds: seconds(
      4 * WEEK,
      'Time since the first of them before it may. Absent: a week, for the rhythm of a week to be known.',
    ),
    rolloutSeconds: seconds(
      WEEK,
      'After the caller has got a new image, nothing but a report is done for so long. Absent: an hour.',
    ),
    windowSeconds: seconds(24 * 3_600, 'Within it, one id counts once. Absent: five minutes.'),
  })
  .meta({ description: 'How the enumeration of objects is told from usual work.' })
  .exactOptional();

export const guardProfileSpec = z
  .strictObject({
    namespaces: z
      .array(names.namespaceName())
      .min(1)
      .max(LIMITS.namespaces)
      .superRefine(checks.checkUnique, checks.ifList)
      .meta({
        description:
          'Namespaces of the callers that it is for. Absent: those that no other profile names. Of two for one namespace, the first by name holds.',
        ...SET,
      })
      .exactOptional(),
    alertBudgetPerWeek: z
      .int()
      .min(1)
      .max(1_000)
      .meta({
        description: 'False alarms that are put up with, per week and guarded operation. Absent: 1.',
      })
      .exactOptional(),
    detections: z
      .array(detection)
      .min(1)
      .max(DETECTION_IDS.length)
      .superRefine(checkOnce, checks.ifList)
      .meta({
        description: 'Detections that are treated otherwise than by `Log`.',
        'x-kubernetes-list-type': 'map',
        'x-kubernetes-list-map-keys': ['id'],
      })
      .exactOptional(),
    enumeration,
    adminPaths: z
      .array(path())
      .min(1)
      .max(LIMITS.adminPaths)
      .superRefine(checks.checkUnique, checks.ifList)
      .meta({
        description:
          'Paths of administrative endpoints, for `admin-endpoint`. Absent: those of Spring Boot, Go, Prometheus and others.',
        ...SET,
      })
      .exactOptional(),
    operators: callers(
      'Who may ask for administrative endpoints: monitoring systems. Each names a namespace.',
    )
      .unwrap()
      .superRefine(checkNamespaced, checks.ifList)
      .exactOptional(),
  })
  .meta({ description: 'What guards do about what they notice, for the callers of some namespaces.' });

/** A detection that shows over many requests can't refuse one of them; a rule that can't work is refused, not ignored. */
function checkInline(value: { id?: unknown; action?: unknown }, context: checks.Context): void {
  const { id, action } = value;
  if (action !== 'Throttle' && action !== 'Block') return;
  if (typeof id !== 'string' || !Object.hasOwn(DETECTIONS, id) || DETECTIONS[id as DetectionId].inline)
    return;
  checks.complain(
    context,
    `\`${id}\` does not show in a single request, so none can be refused for it`,
    ['action'],
    '`Log` or `Quarantine`',
  );
}

function checkOnce(list: readonly { id?: unknown }[], context: checks.Context): void {
  for (const [at, { id }] of list.entries()) {
    if (id !== undefined && list.findIndex((other) => other.id === id) < at)
      checks.complain(context, `\`${String(id)}\` is there twice`, [at, 'id']);
  }
}

/** The profile is in no namespace, so a name alone would mean nobody. */
function checkNamespaced(
  list: readonly { namespace?: unknown; serviceAccount?: unknown }[],
  context: checks.Context,
): void {
  for (const [at, { namespace, serviceAccount }] of list.entries()) {
    if (namespace === undefined && !String(serviceAccount ?? '').includes('/'))
      checks.complain(
        context,
        'names no namespace',
        [at],
        '`namespace`, or a service account as `namespace/name`',
      );
  }
}
