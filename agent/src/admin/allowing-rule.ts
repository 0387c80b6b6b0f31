import { hostName, parseTemplate, type SEGMENT_TYPES } from '@eastwall/policy';
import type { FlowRecord } from '../record/record.ts';

/** The narrowest rule, in YAML, that would have let the exchange pass; null where none can be told. */
export function allowingRule(record: FlowRecord): string | null {
  const { caller, destination } = record;
  if (caller === null) return null;
  const isOutside = destination.services.length === 0;
  if (!isOutside && record.method === '') return null;
  return [
    `- name: allow-${caller.name}`,
    '  action: Allow',
    ...(isOutside ? [] : [`  from: [{ serviceAccount: ${caller.namespace}/${caller.serviceAccount} }]`]),
    `  to: [{ ${[...(isOutside ? placeOf(record) : []), ...operationOf(record)].join(', ')} }]`,
  ].join('\n');
}

/** Host and address: a name alone is only what the caller claims. */
function placeOf({ destination: { ip, port }, host }: FlowRecord): string[] {
  const name = hostName(host);
  const cidr = `'${ip}/${ip.includes(':') ? 128 : 32}'`;
  return [...(name === null ? [] : [`hosts: ['${name}']`]), `cidrs: [${cidr}]`, `ports: [${port}]`];
}

/** This method, this path with its ids as types. */
function operationOf({ method, path }: FlowRecord): string[] {
  if (method === '') return [];
  const template = templateOf(path);
  return template === null ? [`methods: [${method}]`] : [`methods: [${method}]`, `path: '${template}'`];
}

/** Null when the path holds what no template can say. */
function templateOf(path: string): string | null {
  let ids = 0;
  const typed = path.split('/').map((segment) => {
    const type = TYPED.find(({ pattern }) => pattern.test(segment))?.type;
    if (type === undefined) return segment;
    ids++;
    return ids === 1 ? `{id:${type}}` : `{id${ids}:${type}}`;
  });
  const template = typed.join('/');
  return !template.includes("'") && parseTemplate(template).ok ? template : null;
}

/** Segments that name one thing out of many, by the types that templates have. */
const TYPED: readonly { readonly type: keyof typeof SEGMENT_TYPES; readonly pattern: RegExp }[] = [
  { type: 'int', pattern: /^\d{1,20}$/ },
  { type: 'uuid', pattern: /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i },
];
