/**
 * The four questions that decide a request, each answered by the rank of the first rule that matches it.
 * Ranks follow policy namespace, policy name and the rule's position, so the lowest is the one to name.
 */
export interface Lanes {
  enforceDeny: number;
  enforceAllow: number;
  auditDeny: number;
  auditAllow: number;
}
export type Lane = keyof Lanes;

/** Above every rank. */
export const NO_RULE = 0x3fffffff;

export function emptyLanes(): Lanes {
  return { enforceDeny: NO_RULE, enforceAllow: NO_RULE, auditDeny: NO_RULE, auditAllow: NO_RULE };
}

export function clearLanes(lanes: Lanes): void {
  lanes.enforceDeny = NO_RULE;
  lanes.auditDeny = NO_RULE;
  clearAllows(lanes);
}

export function clearAllows(lanes: Lanes): void {
  lanes.enforceAllow = NO_RULE;
  lanes.auditAllow = NO_RULE;
}

/** Keeps the lower rank of each lane in `into`. */
export function mergeLanes(into: Lanes, from: Lanes): void {
  if (from.enforceDeny < into.enforceDeny) into.enforceDeny = from.enforceDeny;
  if (from.enforceAllow < into.enforceAllow) into.enforceAllow = from.enforceAllow;
  if (from.auditDeny < into.auditDeny) into.auditDeny = from.auditDeny;
  if (from.auditAllow < into.auditAllow) into.auditAllow = from.auditAllow;
}
