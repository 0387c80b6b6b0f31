import { expect, it } from 'vitest';
import { marksApart } from './zone.ts';

const cgroup = (id: bigint) => ({ kind: 'cgroup', path: '/', id, level: 0 }) as const;
const mark = (number: number) => ({ kind: 'mark', mark: number }) as const;

it.each([
  ['of an agent that is exempt by its mark', [mark(7)], [7]],
  ['of agents that are exempt by cgroup', [cgroup(1n), cgroup(2n)], [9]],
  ['of an agent that follows one of the other kind', [cgroup(1n), mark(7)], [9, 7]],
])('are marks of the sockets %s', (_, exemptions, marks) => {
  expect(marksApart({ exemptions, listenerMark: 9 })).toEqual(marks);
});
