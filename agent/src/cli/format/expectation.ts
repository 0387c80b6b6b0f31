import type { Finding } from '../../record/finding.ts';

/** Ids of a run that were seen so far may be a part of them. */
const MARGIN = 1.5;
const STEP = 100;
const MINUTE_MS = 60_000;
const RUN_SECONDS = 3_600;

/** The lines of an ApiPolicy that declare what the job of this finding does; none for other findings. */
export function expectationLines(finding: Finding): string[] {
  const { detection, caller, destination, operation, evidence } = finding;
  const [method, path] = operation.split(' ');
  if (detection !== 'undeclared-batch' || method === undefined || path === undefined) return [];
  const local = destination.startsWith(`${caller.namespace}/`);
  const account = local ? caller.serviceAccount : `${caller.namespace}/${caller.serviceAccount}`;
  const distinct = Math.ceil((MARGIN * Number(evidence['distinctIds'] ?? 0)) / STEP) * STEP;
  return [
    'expectations:',
    `  - name: ${caller.name}`,
    `    from: [{ serviceAccount: ${account} }]`,
    `    to: [{ methods: [${method}], path: "${path}" }]`,
    `    distinctPerRun: ${distinct}`,
    `    schedule: "${scheduleOf(caller.pod, finding.firstSeen)}" # when this run was (UTC): write how often it really runs`,
    `    runSeconds: ${RUN_SECONDS}`,
  ];
}

/** Daily at the time of that run, which the CronJob controller writes into its name: in minutes since the epoch. */
function scheduleOf(pod: string, firstSeen: number): string {
  const minutes = /-(\d{8})-[a-z0-9]+$/.exec(pod)?.[1];
  const at = new Date(minutes === undefined ? firstSeen : Number(minutes) * MINUTE_MS);
  return `${at.getUTCMinutes()} ${at.getUTCHours()} * * *`;
}
