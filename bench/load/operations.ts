/** What callers may do at the backend; everything else is denied. Every subject gets this list in its own language. */
export interface AllowedOperation {
  readonly name: string;
  readonly method: 'GET' | 'PUT';
  /** Typed template, for ApiPolicy. */
  readonly template: string;
  /** The same as a regular expression without anchors, for everybody else. */
  readonly pattern: string;
}

export const ALLOWED: readonly AllowedOperation[] = [
  { name: 'items', method: 'GET', template: '/v1/items/{id:int}', pattern: '/v1/items/[0-9]+' },
  { name: 'blobs', method: 'GET', template: '/v1/blobs/{id:int}', pattern: '/v1/blobs/[0-9]+' },
  { name: 'uploads', method: 'PUT', template: '/v1/uploads/{id:int}', pattern: '/v1/uploads/[0-9]+' },
];

export const ALLOWED_PATH = '/v1/items/7';
/** The backend would answer it, so only an access rule can refuse it. */
export const DENIED_PATH = '/v1/secrets/7';
