import { fstatSync, openSync, readlinkSync } from 'node:fs';
import { expect, it } from 'vitest';
import { EAGAIN, ECONNRESET, EPIPE } from './errno.ts';
import { closeFd } from './libc.ts';
import { MAX_FDS_PER_PACKET, recvFds, sendFds, socketPair } from './libc-fds.ts';

it('carries descriptors that open the same file', () => {
  const [left, right] = socketPair();
  const fds = ['/dev/null', '/dev/zero'].map((path) => openSync(path, 'r'));
  expect(sendFds(left, '{"kind":"é"}', fds)).toBe(true);
  const packet = recvFds(right);
  expect(packet?.payload).toBe('{"kind":"é"}');
  expect(packet?.fds.map((fd) => readlinkSync(`/proc/self/fd/${fd}`))).toEqual(['/dev/null', '/dev/zero']);
  expect(packet?.fds.some((fd) => fds.includes(fd))).toBe(false);
  for (const fd of [...fds, ...(packet?.fds ?? []), left, right]) closeFd(fd);
});

it('keeps packets apart, and answers null when there is none', () => {
  const [left, right] = socketPair();
  expect(recvFds(right)).toBeNull();
  sendFds(left, 'one', []);
  sendFds(left, 'two', []);
  expect(recvFds(right)).toEqual({ payload: 'one', fds: [] });
  expect(recvFds(right)).toEqual({ payload: 'two', fds: [] });
  expect(recvFds(right)).toBeNull();
  for (const fd of [left, right]) closeFd(fd);
});

it('takes as many descriptors as the kernel allows in one packet', () => {
  const [left, right] = socketPair();
  const fd = openSync('/dev/null', 'r');
  expect(sendFds(left, 'many', Array(MAX_FDS_PER_PACKET).fill(fd))).toBe(true);
  const packet = recvFds(right);
  expect(packet?.fds).toHaveLength(MAX_FDS_PER_PACKET);
  for (const copy of packet?.fds ?? []) expect(fstatSync(copy).ino).toBe(fstatSync(fd).ino);
  expect(() => sendFds(left, 'more', Array(MAX_FDS_PER_PACKET + 1).fill(fd))).toThrow(RangeError);
  for (const open of [fd, left, right, ...(packet?.fds ?? [])]) closeFd(open);
});

it('says that the reader is behind or gone', () => {
  const [left, right] = socketPair();
  let result: true | number = true;
  for (let sent = 0; sent < 10_000 && result === true; sent++) result = sendFds(left, 'x', []);
  expect(result).toBe(-EAGAIN);
  closeFd(right);
  expect([-EPIPE, -ECONNRESET]).toContain(sendFds(left, 'x', []));
  closeFd(left);
});

it('ends the reader when the writer is gone', () => {
  const [left, right] = socketPair();
  closeFd(left);
  expect(() => recvFds(right)).toThrow('channel closed');
  closeFd(right);
});
