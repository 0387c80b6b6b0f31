import { SEGMENT_TYPES } from '../path/segment-type.ts';
import { TEMPLATE_LIMITS } from '../path/template.ts';

// What the API server can check of a template by itself. It compiles patterns with Go's regexp, which has no look-ahead
// and refuses nested repeats that multiply to more than 1,000; so the length of a name is left to the parser.
const ESCAPE = '%[0-9A-F]{2}';
const CHARACTER = `(?:[A-Za-z0-9\\-._~!$&'()+,=:@]|${ESCAPE})`;
const NOT_DOT = `(?:[A-Za-z0-9\\-_~!$&'()+,=:@]|${ESCAPE})`;
const LITERAL = `(?:${NOT_DOT}${CHARACTER}*|\\.${NOT_DOT}${CHARACTER}*|\\.\\.${CHARACTER}+)`;
const NAME = '[A-Za-z_][A-Za-z0-9_-]*';
const PARAMETER = `\\{${NAME}(?::(?:${Object.keys(SEGMENT_TYPES).join('|')}))?\\}`;
const SEGMENT = `(?:${LITERAL}|${PARAMETER})`;

/** Takes every template that `parseTemplate` takes, and few others: escapes that should be raw, a name that is there twice or too long. */
export const TEMPLATE_PATTERN = `^(?:/|/\\*\\*|(?:/${SEGMENT}){1,${TEMPLATE_LIMITS.segments}}(?:/|/\\*\\*)?)$`;
