import { expect } from 'vitest';
import type { Said } from '../../testing/conversation.ts';
import { inPieces } from '../../testing/damage.ts';
import { fuzz } from '../../testing/fuzz.ts';
import { type ClientHelloAnswer, ClientHelloReader } from './client-hello.ts';

function read(said: readonly Said[]): ClientHelloAnswer {
  const reader = new ClientHelloReader();
  let answer: ClientHelloAnswer = { kind: 'need-more' };
  for (const { bytes } of said) answer = reader.feed(bytes, 0, bytes.length);
  return answer;
}

fuzz('tls', (said, cuts) => {
  const answer = read(said);
  expect(read(inPieces(said, cuts))).toEqual(answer);
  if (answer.kind !== 'hello') return;
  // What policy is asked about: a name that no two readers take for two.
  expect(answer.hello.sni).toMatch(/^[^\s/:@A-Z\0]*$/);
});
