import { SEGMENT_TYPES } from '../path/segment-type.ts';
import { TEMPLATE_LIMITS } from '../path/template.ts';

// What the API server can check of a template by itself. Written without look-ahead, which RE2 does not have.
const ESCAPE = '%[0-9A-F]{2}';
const CHARACTER = `(?:[A-Za-z0-9\\-._~!$&'()+,=:@]|${ESCAPE})`;
const NOT_DOT = `(?:[A-Za-z0-9\\-_~!$&'()+,=:@]|${ESCAPE})`;
const LITERAL = `(?:${NOT_DOT}${CHARACTER}*|\\.${NOT_DOT}${CHARACTER}*|\\.\\.${CHARACTER}+)`;
const NAME = `[A-Za-z_][A-Za-z0-9_-]{0,${TEMPLATE_LIMITS.name - 1}}`;
const PARAMETER = `\\{${NAME}(?::(?:${Object.keys(SEGMENT_TYPES).join('|')}))?\\}`;
const SEGMENT = `(?:${LITERAL}|${PARAMETER})`;

/** Takes every template that `parseTemplate` takes, and few others (escapes that should be raw, a repeated name). */
export const TEMPLATE_PATTERN = `^(?:/${SEGMENT}){0,${TEMPLATE_LIMITS.segments}}(?:/|/\\*\\*)?$`;
