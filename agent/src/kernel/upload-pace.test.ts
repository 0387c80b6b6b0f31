import { expect, test } from 'vitest';
import { UPLOAD_STEP, UploadPace } from './upload-pace.ts';

const LIMIT = 1_000;
const at = (startedAt: number, bytesSent: number) => ({ startedAt, bytesSent });

test('a body that trickles is slow once its time is up', () => {
  const pace = new UploadPace();
  expect(pace.isSlow(at(5, 100), 10, LIMIT)).toBe(false);
  expect(pace.isSlow(at(5, 500), 1_010, LIMIT)).toBe(false);
  expect(pace.isSlow(at(5, 600), 1_011, LIMIT)).toBe(true);
});

test('every step gives it the whole time again', () => {
  const pace = new UploadPace();
  for (let step = 0; step < 10; step++)
    expect(pace.isSlow(at(5, step * UPLOAD_STEP), 10 + step * LIMIT, LIMIT)).toBe(false);
  expect(pace.isSlow(at(5, 9 * UPLOAD_STEP + 1), 10 + 10 * LIMIT + 1, LIMIT)).toBe(true);
});

test('so does the next exchange, and a time when nobody was waited for', () => {
  const pace = new UploadPace();
  pace.isSlow(at(5, 100), 10, LIMIT);
  expect(pace.isSlow(at(2_000, 200), 2_010, LIMIT)).toBe(false);
  expect(pace.isSlow(null, 4_000, LIMIT)).toBe(false);
  expect(pace.isSlow(at(2_000, 200), 4_010, LIMIT)).toBe(false);
  expect(pace.isSlow(at(2_000, 200), 5_011, LIMIT)).toBe(true);
});
