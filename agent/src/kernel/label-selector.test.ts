import { describe, expect, it } from 'vitest';
import { parseLabelSelector } from './label-selector.ts';

const WEB = { app: 'web', tier: 'front', weight: '7', 'app.kubernetes.io/name': 'shop' };

function matches(selector: string): boolean {
  const parsed = parseLabelSelector(selector);
  if (!parsed.ok) throw new Error(parsed.error);
  return parsed.value(WEB);
}

describe('parseLabelSelector', () => {
  it.each([
    '',
    'app',
    'app=web',
    'app==web',
    'app = web',
    'app!=db',
    'other!=x',
    '!other',
    '! other',
    'app in (web,db)',
    'app in ( web , db ),tier=front',
    'other notin (x)',
    'other notin ()',
    'app notin (db)',
    'weight>6',
    'weight<8',
    'app.kubernetes.io/name=shop',
  ])('matches `%s`', (selector) => {
    expect(matches(selector)).toBe(true);
  });

  it.each([
    'other',
    'app=db',
    'app=web,tier=back',
    '!app',
    'app in (db)',
    'app notin (web)',
    'weight>7',
    'app=',
  ])('does not match `%s`', (selector) => {
    expect(matches(selector)).toBe(false);
  });

  it.each(['app in web', 'app=web,', '=web', 'app in (web', 'a b', 'app>web'])('refuses `%s`', (selector) => {
    expect(parseLabelSelector(selector).ok).toBe(false);
  });
});
