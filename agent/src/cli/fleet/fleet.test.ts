import { expect, it } from 'vitest';
import { aTerminal } from '../../../testing/terminal.ts';
import { Complaints } from './fleet.ts';

it('tells every problem, and what to do about it once', () => {
  const { terminal, written } = aTerminal();
  const complaints = new Complaints(terminal);
  const advice = (problem: string) => (problem === 'forbidden' ? 'ask for the role' : null);
  complaints.about({ name: 'on a', advice }, 'forbidden');
  complaints.about({ name: 'on b', advice }, 'forbidden');
  complaints.about({ name: 'on c', advice }, 'no answer in time');
  complaints.about({ name: 'at /d' }, 'forbidden');
  expect(written.error.split('\n')).toEqual([
    'eastwall: agent on a: forbidden',
    '  → ask for the role',
    'eastwall: agent on b: forbidden',
    'eastwall: agent on c: no answer in time',
    'eastwall: agent at /d: forbidden',
    '',
  ]);
});
