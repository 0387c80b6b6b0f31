import { z } from 'zod';
import { CronSchedule } from '../detect/cron.ts';
import { type Context, complain } from './checks.ts';
import { POLICY_LIMITS as LIMITS } from './limits.ts';
import { ruleName } from './names.ts';
import { offOr } from './off.ts';

/** How an Allow rule guards what it allows. */
export const enumeration = () =>
  z
    .strictObject({
      action: offOr(
        ['Log', 'Throttle', 'Block'],
        "What is done about a caller that walks through ids it was never shown. `Throttle` and `Block` need an enforced policy, and strong evidence. Absent: as the caller's GuardProfile says.",
      ).exactOptional(),
      alertBudgetPerWeek: z
        .int()
        .min(1)
        .max(1_000)
        .meta({
          description:
            "False alarms that are put up with, per week. Absent: as the caller's GuardProfile says.",
        })
        .exactOptional(),
    })
    .meta({ description: 'How the operations it allows are guarded against the enumeration of objects.' })
    .exactOptional();

/** What a batch job is expected to do; `from` and `to` are for the kind of policy to add. */
export const expectationHead = {
  name: ruleName().meta({ description: 'Name of the expectation, unique in the policy.' }),
  distinctPerRun: z
    .int()
    .min(1)
    .max(LIMITS.distinctPerRun)
    .meta({ description: 'Different ids of one operation that a run may ask for.' }),
  schedule: z
    .string()
    .min(1)
    .max(64)
    .superRefine(checkSchedule)
    .meta({ description: 'When runs begin, as a CronJob has it, in UTC: `0 */4 * * *`.' }),
  runSeconds: z
    .int()
    .min(60)
    .max(24 * 3_600)
    .meta({ description: 'How long a run may take.' }),
};

function checkSchedule(text: string, context: Context): void {
  const parsed = CronSchedule.parse(text);
  if (!parsed.ok) complain(context, parsed.error, [], 'minute, hour, day of month, month, day of week');
}
