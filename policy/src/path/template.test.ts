import { describe, expect, it } from 'vitest';
import { parseTemplate, TEMPLATE_LIMITS } from './template.ts';

describe('parseTemplate', () => {
  it('reads literals, parameters and an open end', () => {
    const parsed = parseTemplate('/v1/{tenant}/{id:int}/**');
    expect(parsed).toEqual({
      ok: true,
      value: {
        source: '/v1/{tenant}/{id:int}/**',
        segments: [
          { kind: 'literal', text: 'v1' },
          { kind: 'parameter', name: 'tenant', type: null },
          { kind: 'parameter', name: 'id', type: 'int' },
        ],
        open: true,
      },
    });
  });

  it.each([
    ['/', [''], false],
    ['/a', ['a'], false],
    ['/a/', ['a', ''], false],
    ['/**', [], true],
    ['/a/**', ['a'], true],
  ])('reads %s as segments %j', (source, texts, open) => {
    const segments = texts.map((text) => ({ kind: 'literal', text }));
    expect(parseTemplate(source)).toEqual({ ok: true, value: { source, segments, open } });
  });

  it.each([
    ['', 1, 'must begin with `/`'],
    ['orders', 1, 'must begin with `/`'],
    ['//a', 2, 'empty segment'],
    ['/a//b', 4, 'empty segment'],
    ['/a//**', 4, 'empty segment'],
    ['/a/*', 4, '`*` is no wildcard here'],
    ['/a*/b', 3, '`*` is no wildcard here'],
    ['/**/a', 2, '`*` is no wildcard here'],
    ['/a/***', 4, '`*` is no wildcard here'],
    ['/a/x{id}', 5, '`x{id}` mixes text and a parameter'],
    ['/a/{id', 4, '`{id` mixes text and a parameter'],
    ['/a/{a}{b}', 4, '`{a}{b}` mixes text and a parameter'],
    ['/a/{}', 5, '`` is no parameter name'],
    ['/a/{1d}', 5, '`1d` is no parameter name'],
    ['/a/{id:}', 8, 'unknown type ``'],
    ['/a/{id:number}', 8, 'unknown type `number`'],
    ['/a/{id:toString}', 8, 'unknown type `toString`'],
    ['/{id}/b/{id}', 10, 'parameter `id` is there twice'],
    ['/a/../b', 4, '`..` can be read in two ways, so no request path would match it'],
    ['/a;b', 2, '`a;b` can be read in two ways, so no request path would match it'],
    ['/a b', 2, '`a b` can be read in two ways, so no request path would match it'],
    ['/a/%7E', 4, '`%7E` is not in canonical form'],
    ['/caf%c3%a9', 2, '`caf%c3%a9` is not in canonical form'],
    [`/${'x'.repeat(TEMPLATE_LIMITS.length)}`, TEMPLATE_LIMITS.length + 1, 'longer than 512 characters'],
    ['/x'.repeat(TEMPLATE_LIMITS.segments + 1), 66, 'more than 32 segments'],
    [`/{${'n'.repeat(65)}}`, 3, `\`${'n'.repeat(65)}\` is no parameter name`],
  ])('refuses %s at column %i', (source, column, message) => {
    const parsed = parseTemplate(source);
    expect(parsed.ok ? parsed : { column: parsed.error.column, message: parsed.error.message }).toEqual({
      column,
      message,
    });
  });

  it('says what to write instead', () => {
    const hints = ['/a/*', '/%7e', '/{x:number}'].map((source) => {
      const parsed = parseTemplate(source);
      return parsed.ok ? '' : parsed.error.hint;
    });
    expect(hints).toEqual([
      'write `{name}` for one segment, `/**` at the end for any number',
      'write `~`',
      'the types are int, uuid, hex, slug',
    ]);
  });
});
