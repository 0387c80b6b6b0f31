import { fromBase64Url } from '../kernel/base64url.ts';

/** Who a Kubernetes service-account token was made for, as it says itself; nothing here is verified. */
export interface TokenOwner {
  readonly namespace: string;
  readonly serviceAccount: string;
  /** Uid of the pod that the token is bound to; empty when it is bound to none. */
  readonly podUid: string;
}

/** Longer ones are not looked into: service-account tokens are about a kilobyte. */
const MAX_TOKEN = 8_192;
const SUBJECT = /^system:serviceaccount:([a-z0-9-]{1,63}):([a-z0-9.-]{1,253})$/;

/**
 * Reads who a service-account token was made for. Null for everything that is none. Claims:
 * https://kubernetes.io/docs/reference/access-authn-authz/service-accounts-admin/
 */
export function tokenOwner(token: string): TokenOwner | null {
  const claims = jwtClaims(token);
  const [, namespace, serviceAccount] = SUBJECT.exec(textOf(claims?.['sub'])) ?? [];
  if (claims === null || namespace === undefined || serviceAccount === undefined) return null;
  return { namespace, serviceAccount, podUid: boundPod(claims['kubernetes.io']) };
}

/** The claims of a JWT (RFC 7519), without verifying it: a forged one harms only who sends it. Null when it is none. */
export function jwtClaims(token: string): Fields | null {
  if (token.length > MAX_TOKEN || !token.startsWith('eyJ')) return null;
  const [, payload, signature, ...rest] = token.split('.');
  if (payload === undefined || signature === undefined || rest.length > 0) return null;
  return parseObject(fromBase64Url(payload));
}

type Fields = Readonly<Record<string, unknown>>;

function boundPod(kubernetes: unknown): string {
  const pod = isFields(kubernetes) ? kubernetes['pod'] : undefined;
  return isFields(pod) ? textOf(pod['uid']) : '';
}

function parseObject(text: string): Fields | null {
  try {
    const value: unknown = JSON.parse(text);
    return isFields(value) ? value : null;
  } catch {
    return null;
  }
}

const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');
