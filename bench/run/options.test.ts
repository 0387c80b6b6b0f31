import { describe, expect, it } from 'vitest';
import { SCENARIOS } from '../load/scenarios.ts';
import { SUBJECTS } from '../subjects/subjects.ts';
import { parseOptions } from './options.ts';

const names = (all: readonly { readonly name: string }[]) => all.map(({ name }) => name);

describe('parseOptions', () => {
  it('runs everything unless told otherwise', () => {
    const { scenarios, subjects } = parseOptions([]);
    expect(scenarios).toEqual(SCENARIOS);
    expect(subjects).toEqual(SUBJECTS);
  });

  it('takes names of both kinds in any order', () => {
    const options = parseOptions(['eastwall', 'keepalive-get', 'haproxy', '--rounds', '1']);
    expect(names(options.scenarios)).toEqual(['keepalive-get']);
    expect(names(options.subjects)).toEqual(['haproxy', 'eastwall']);
    expect(options.rounds).toBe(1);
  });

  it.each([
    [['envoy'], '`envoy` is none of keepalive-get'],
    [['--rounds', '0'], '--rounds `0`'],
    [['--seconds', 'x'], '--seconds `x`'],
    [['--fast'], '--fast'],
  ])('refuses %j', (args, message) => expect(() => parseOptions(args)).toThrow(message));
});
