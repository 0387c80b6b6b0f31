import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { settingsPage } from './reference.ts';
import { flagOf, SETTING_NAMES, SETTINGS, variableOf } from './table.ts';

describe('the settings table', () => {
  it.each(SETTING_NAMES)('%s has a default that its own parser accepts', (name) => {
    expect(SETTINGS[name].parse(SETTINGS[name].fallback)).toMatchObject({ ok: true });
  });

  it('derives flags and variables without the unit', () => {
    expect([flagOf('headTimeoutMs'), variableOf('headTimeoutMs')]).toEqual([
      'head-timeout',
      'EASTWALL_HEAD_TIMEOUT',
    ]);
    expect([flagOf('maxHeadBytes'), variableOf('netnsDir')]).toEqual([
      'max-head-bytes',
      'EASTWALL_NETNS_DIR',
    ]);
  });

  it('is what docs/reference/settings.md shows (`node scripts/generate-settings.ts` writes it)', () => {
    const page = new URL('../../../docs/reference/settings.md', import.meta.url);
    expect(readFileSync(page, 'utf8')).toBe(settingsPage());
  });
});
