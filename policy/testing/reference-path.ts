/** The meaning of paths and templates said a second time, as plainly as possible, to check the fast one against. */

export function referenceCanonicalPath(path: string): string | null {
  if (path === '*') return '*';
  if (!/^\/[\x21-\x7e]*$/.test(path) || /[?#\\;]/.test(path)) return null;
  const segments = path.slice(1).split('/');
  const spelled: string[] = [];
  for (const [at, segment] of segments.entries()) {
    const text = decode(segment);
    if (text === null || text === '.' || text === '..') return null;
    if (text === '' && at < segments.length - 1) return null;
    if (/[\p{Cc}/\\;]/u.test(text) || /%[0-9A-Fa-f]{2}/.test(text)) return null;
    spelled.push([...text].map(spell).join(''));
  }
  return `/${spelled.join('/')}`;
}

export function referenceMatchesTemplate(template: string, canonical: string): boolean {
  if (template === '/**') return canonical.startsWith('/');
  const open = template.endsWith('/**');
  const segments = (open ? template.slice(0, -3) : template).slice(1).split('/').map(toPattern);
  return new RegExp(`^/${segments.join('/')}${open ? '(/.*)?' : ''}$`).test(canonical);
}

/** `decodeURIComponent` is strict about escapes and about UTF-8. */
function decode(segment: string): string | null {
  try {
    return decodeURIComponent(segment);
  } catch {
    return null;
  }
}

function spell(character: string): string {
  return /[A-Za-z0-9\-._~!$&'()*+,=:@]/.test(character) ? character : encodeURIComponent(character);
}

const TYPES: Readonly<Record<string, string>> = {
  '': '[^/]+',
  int: '[0-9]{1,20}',
  uuid: '[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}',
  hex: '[0-9A-Fa-f]{8,128}',
  slug: '[A-Za-z0-9][A-Za-z0-9_-]{0,127}',
};

function toPattern(segment: string): string {
  const parameter = /^\{[^:}]+:?([^}]*)\}$/.exec(segment);
  if (parameter === null) return segment.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');
  return `(${TYPES[parameter[1] ?? '']})`;
}
