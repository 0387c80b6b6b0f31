import { mkdtempSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { LogFile } from './log-file.ts';

let directory: string;

beforeEach(() => {
  vi.useFakeTimers();
  directory = mkdtempSync(join(tmpdir(), 'log-'));
});

afterEach(() => {
  vi.useRealTimers();
  rmSync(directory, { recursive: true });
});

it('is cut when it has grown too long, and says so', () => {
  const path = join(directory, 'x.log');
  const log = new LogFile(path, { maxBytes: 10, checkMs: 100 });
  writeSync(log.fd, '0123456789');
  vi.advanceTimersByTime(100);
  expect(readFileSync(path, 'utf8')).toBe('0123456789');
  writeSync(log.fd, '!');
  vi.advanceTimersByTime(100);
  writeSync(log.fd, 'next\n');
  expect(readFileSync(path, 'utf8')).toBe('[11 bytes of log dropped]\nnext\n');
  log.close();
  expect(vi.getTimerCount()).toBe(0);
});
