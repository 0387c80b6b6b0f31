import { describe, expect, it } from 'vitest';
import { table } from './table.ts';

describe('table', () => {
  it('aligns by what is seen, not by what a colour adds, and ends lines where the text ends', () => {
    const green = { text: 'up', shown: '\u001b[32mup\u001b[0m' };
    expect(
      table(
        ['NAME', 'STATE', 'WHY'],
        [
          ['a', green, ''],
          ['longer', 'waiting', 'because'],
        ],
      ),
    ).toBe(`NAME     STATE     WHY\na        ${green.shown}\nlonger   waiting   because\n`);
  });
});
