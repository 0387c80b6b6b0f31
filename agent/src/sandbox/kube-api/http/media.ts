/** One entry of an Accept header: `application/json;as=Table;g=meta.k8s.io;v=v1`. */
export interface MediaRange {
  readonly type: string;
  readonly parameters: ReadonlyMap<string, string>;
}

/** In the client's order, which is how Kubernetes clients state their preference. */
export const parseAccept = (header: string): readonly MediaRange[] =>
  header
    .split(',')
    .map(parseMedia)
    .filter((range) => range.type !== '');

export function parseMedia(text: string): MediaRange {
  const [type = '', ...parameters] = text.split(';').map((part) => part.trim());
  return {
    type: type.toLowerCase(),
    parameters: new Map(
      parameters.map((parameter) => {
        const equals = parameter.indexOf('=');
        return [parameter.slice(0, equals), parameter.slice(equals + 1)];
      }),
    ),
  };
}

export type Shape = 'object' | 'table' | 'metadata';

/** What the client wants objects to look like: the first of its preferences that this server can make. */
export function shapeFor(accept: string): Shape {
  for (const range of parseAccept(accept)) {
    if (range.type !== 'application/json' && range.type !== '*/*') continue;
    const as = range.parameters.get('as');
    if (as === undefined) return 'object';
    if (as === 'Table') return 'table';
    if (as.startsWith('PartialObjectMetadata')) return 'metadata';
  }
  return 'object';
}
