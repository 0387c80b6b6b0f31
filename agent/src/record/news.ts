/** Ids that a workload was shown somewhere. */
export interface ShownIds {
  /** Namespace, kind and name. */
  readonly workload: string;
  /** Keyed hashes of the ids, as `IdDelta` writes them, in base64. */
  readonly ids: string;
  /** More were shown to it than are told. */
  readonly cut?: true;
}

/** A workload has used a credential, which is known by a keyed hash only. */
export interface CredentialUse {
  readonly fingerprint: string;
  /** Namespace and name. */
  readonly workload: string;
}

/** What dataplanes tell each other, on one node and on several: it explains ids, and shows who shares a credential. */
export interface News {
  readonly shown: readonly ShownIds[];
  readonly uses: readonly CredentialUse[];
}

/** Per message. */
export const MAX_SHOWN = 16;
export const MAX_USES = 256;
/** In base64, of as many ids as an `IdDelta` takes. */
const MAX_IDS = 10_936;
/** A namespace, a kind and a name of 63 to 253 characters each. */
const MAX_WORKLOAD = 600;
const MAX_FINGERPRINT = 64;

const BASE64 = /^[A-Za-z0-9+/]+={0,2}$/;

/** Exactly what the contract says and nothing else, of what another process or node says; else null. */
export function readNews(value: unknown): News | null {
  if (typeof value !== 'object' || value === null) return null;
  const { shown, uses } = value as Record<string, unknown>;
  if (!isList(shown, MAX_SHOWN, isShown) || !isList(uses, MAX_USES, isUse)) return null;
  return {
    shown: shown.map(({ workload, ids, cut }) => ({ workload, ids, ...(cut && { cut }) })),
    uses: uses.map(({ fingerprint, workload }) => ({ fingerprint, workload })),
  };
}

function isShown(value: unknown): value is ShownIds {
  if (typeof value !== 'object' || value === null) return false;
  const { workload, ids, cut } = value as Record<string, unknown>;
  if (!isText(workload, MAX_WORKLOAD) || (cut !== undefined && cut !== true)) return false;
  return isText(ids, MAX_IDS) && ids.length % 4 === 0 && BASE64.test(ids);
}

function isUse(value: unknown): value is CredentialUse {
  if (typeof value !== 'object' || value === null) return false;
  const { fingerprint, workload } = value as Record<string, unknown>;
  return isText(fingerprint, MAX_FINGERPRINT) && isText(workload, MAX_WORKLOAD);
}

const isText = (value: unknown, max: number): value is string =>
  typeof value === 'string' && value.length > 0 && value.length <= max;

const isList = <T>(value: unknown, max: number, isItem: (item: unknown) => item is T): value is T[] =>
  Array.isArray(value) && value.length <= max && value.every(isItem);
