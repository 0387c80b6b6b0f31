/** The refusals of the kube API, as the `Status` object that its clients switch on. */
export interface StatusCause {
  readonly reason: string;
  readonly message: string;
  readonly field: string;
}

export interface StatusDetails {
  readonly name?: string;
  readonly group?: string;
  readonly kind?: string;
  readonly causes?: readonly StatusCause[];
  readonly retryAfterSeconds?: number;
}

export interface StatusError {
  readonly code: number;
  readonly reason: string;
  readonly message: string;
  readonly details?: StatusDetails;
}

/** What the refusal is about: `details.kind` is the plural resource name, as in the real API server. */
export interface Subject {
  readonly group: string;
  readonly plural: string;
  readonly name?: string;
}

export const notFound = (subject: Subject): StatusError => ({
  code: 404,
  reason: 'NotFound',
  message: `${qualified(subject)} not found`,
  details: details(subject),
});

/** The answer to a path that no resource serves. */
export const unknownPath = (): StatusError => ({
  code: 404,
  reason: 'NotFound',
  message: 'the server could not find the requested resource',
  details: {},
});

export const alreadyExists = (subject: Subject): StatusError => ({
  code: 409,
  reason: 'AlreadyExists',
  message: `${qualified(subject)} already exists`,
  details: details(subject),
});

export const conflict = (subject: Subject, why: string): StatusError => ({
  code: 409,
  reason: 'Conflict',
  message: `Operation cannot be fulfilled on ${qualified(subject)}: ${why}`,
  details: details(subject),
});

export const STALE_WRITE =
  'the object has been modified; please apply your changes to the latest version and try again';

/** 422 with one cause per field. `kind` is the kind (`Pod`), not the plural: that is what the real one says. */
export function invalid(
  object: { readonly group: string; readonly kind: string; readonly name: string },
  causes: readonly StatusCause[],
): StatusError {
  const qualifiedKind = object.group === '' ? object.kind : `${object.kind}.${object.group}`;
  const list = causes.map((cause) => `${cause.field}: ${cause.message}`);
  return {
    code: 422,
    reason: 'Invalid',
    message: `${qualifiedKind} "${object.name}" is invalid: ${list.length === 1 ? list[0] : `[${list.join(', ')}]`}`,
    details: { name: object.name, group: object.group, kind: object.kind, causes },
  };
}

export const badRequest = (message: string): StatusError => ({ code: 400, reason: 'BadRequest', message });

export const unauthorized = (): StatusError => ({
  code: 401,
  reason: 'Unauthorized',
  message: 'Unauthorized',
});

export const forbidden = (subject: Subject, why: string): StatusError => ({
  code: 403,
  reason: 'Forbidden',
  message: `${qualified(subject)} is forbidden: ${why}`,
  details: details(subject),
});

export const methodNotAllowed = (): StatusError => ({
  code: 405,
  reason: 'MethodNotAllowed',
  message: 'the server does not allow this method on the requested resource',
  details: {},
});

export const unsupportedMediaType = (given: string): StatusError => ({
  code: 415,
  reason: 'UnsupportedMediaType',
  message: `the body of the request was in an unknown format: \`${given}\``,
});

export const tooLarge = (limitBytes: number): StatusError => ({
  code: 413,
  reason: 'RequestEntityTooLarge',
  message: `limit is ${limitBytes} bytes`,
});

/** 410: the version asked for has left the bounded history; the client has to list again. */
export const expired = (message: string): StatusError => ({ code: 410, reason: 'Expired', message });

export const tooNewVersion = (asked: number, current: number): StatusError => ({
  code: 504,
  reason: 'Timeout',
  message: `Too large resource version: ${asked}, current: ${current}`,
  details: {
    causes: [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version', field: '' }],
    retryAfterSeconds: 1,
  },
});

/** The wire form. */
export const toStatus = (error: StatusError): Record<string, unknown> => ({
  kind: 'Status',
  apiVersion: 'v1',
  metadata: {},
  status: 'Failure',
  message: error.message,
  reason: error.reason,
  ...(error.details === undefined ? {} : { details: error.details }),
  code: error.code,
});

function qualified(subject: Subject): string {
  const resource = subject.group === '' ? subject.plural : `${subject.plural}.${subject.group}`;
  return subject.name === undefined ? resource : `${resource} "${subject.name}"`;
}

function details(subject: Subject): StatusDetails {
  return {
    ...(subject.name === undefined ? {} : { name: subject.name }),
    ...(subject.group === '' ? {} : { group: subject.group }),
    kind: subject.plural,
  };
}
