import { expect, test } from 'vitest';
import { SpentPorts } from './spent-ports.ts';

const spent = (port: number, since: number) => ({ port, since });

test('a port is taken once, by its own destination, after a second of rest', () => {
  const ports = new SpentPorts();
  ports.add('10.0.0.1', 80, spent(40_000, 5_000));
  expect(ports.take('10.0.0.1', 80, 5_999)).toBe(0);
  expect(ports.take('10.0.0.1', 81, 6_000)).toBe(0);
  expect(ports.take('10.0.0.2', 80, 6_000)).toBe(0);
  expect(ports.take('10.0.0.1', 80, 6_000)).toBe(40_000);
  expect(ports.take('10.0.0.1', 80, 6_000)).toBe(0);
});

test('the one that has rested longest comes first', () => {
  const ports = new SpentPorts();
  for (const port of [3, 1, 2]) ports.add('fd00::1', 80, spent(port, port === 2 ? 900 : 0));
  expect([1, 2, 3].map(() => ports.take('fd00::1', 80, 1_000))).toEqual([3, 1, 0]);
});

test('the kernel forgets a port after a minute, and so do we', () => {
  const ports = new SpentPorts();
  ports.add('10.0.0.1', 80, spent(1, 0));
  ports.add('10.0.0.1', 80, spent(2, 30_000));
  expect(ports.take('10.0.0.1', 80, 60_001)).toBe(2);
});

test('what is too much to remember is left out until there is room', () => {
  const ports = new SpentPorts();
  for (let port = 1; port <= 5_000; port++) ports.add(`10.0.0.${port % 7}`, 80, spent(port, 0));
  const left = () => {
    let count = 0;
    for (let at = 0; at < 7; at++) while (ports.take(`10.0.0.${at}`, 80, 2_000) > 0) count++;
    return count;
  };
  expect(left()).toBe(4_096);
  ports.add('10.0.0.1', 80, spent(1, 0));
  ports.check(60_001);
  for (let port = 1; port <= 4_096; port++) ports.add('10.0.0.1', 80, spent(port, 1_000));
  expect(left()).toBe(4_096);
});
