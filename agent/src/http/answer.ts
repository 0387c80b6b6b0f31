import { utf8 } from '../kernel/bytes.ts';

/** A response that Eastwall makes itself. `problem` becomes an `application/problem+json` body (RFC 9457). */
export interface Answer {
  readonly status: AnswerStatus;
  readonly id: string;
  readonly problem: Readonly<Record<string, string | null>>;
  /** HEAD gets the header fields only. */
  readonly bodiless: boolean;
  readonly close: boolean;
  /** Further fields, in lower case. */
  readonly fields?: readonly (readonly [name: string, value: string])[] | undefined;
}

const TITLES = {
  400: 'Bad Request',
  403: 'Forbidden',
  408: 'Request Timeout',
  429: 'Too Many Requests',
  431: 'Request Header Fields Too Large',
  502: 'Bad Gateway',
} as const;
export type AnswerStatus = keyof typeof TITLES;

/** The header field by which a caller tells our answers from its server's, and finds the decision. */
export const DECISION_HEADER = 'eastwall-decision';

export const PROBLEM_TYPE = 'application/problem+json';

/** The problem as JSON text. Values come from policies and our own tables, never from the caller. */
export function problemText({ status, problem, id }: Pick<Answer, 'status' | 'problem' | 'id'>): string {
  return `${JSON.stringify({ title: TITLES[status], status, ...problem, decision: id })}\n`;
}

/** Serialises an answer as one HTTP/1.1 message. */
export function answerBytes(answer: Answer): Uint8Array {
  const title = TITLES[answer.status];
  const body = problemText(answer);
  const head = [
    `HTTP/1.1 ${answer.status} ${title}`,
    `content-type: ${PROBLEM_TYPE}`,
    `content-length: ${utf8(body).length}`,
    `${DECISION_HEADER}: ${answer.id}`,
    ...(answer.fields ?? []).map(([name, value]) => `${name}: ${value}`),
    ...(answer.close ? ['connection: close'] : []),
  ].join('\r\n');
  return utf8(`${head}\r\n\r\n${answer.bodiless ? '' : body}`);
}
