import { describe, expect, it } from 'vitest';
import { fatal, fine, warning } from '../../preflight/check.ts';
import { plain } from './colour.ts';
import { preflightText } from './preflight-text.ts';

describe('preflightText', () => {
  it('says what to do below what was found', () => {
    const checks = [fine('a', 'good'), warning('longer', 'less', 'more'), fatal('b', 'bad', 'mend it')];
    expect(preflightText(checks, plain)).toBe(
      [
        'ok       a       good',
        'warning  longer  less',
        '                 → more',
        'fatal    b       bad',
        '                 → mend it',
        '',
        "An agent can't work here: 1 of 3 checks failed.",
        '',
      ].join('\n'),
    );
  });

  it('ends with how it stands', () => {
    expect(preflightText([fine('a', 'good')], plain)).toMatch(/An agent can work here\.\n$/);
    expect(preflightText([warning('a', 'so', 'do')], plain)).toMatch(/, with 1 restriction\.\n$/);
  });
});
