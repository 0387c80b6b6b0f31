import { Buffer } from 'node:buffer';
import { expect } from 'vitest';
import type { Said } from '../../testing/conversation.ts';
import { inPieces } from '../../testing/damage.ts';
import { fuzz } from '../../testing/fuzz.ts';
import { ALLOW, DENY, Playbook } from '../../testing/playbook.ts';
import { Http1Relay } from './http1-relay.ts';

function play(said: readonly Said[], decision = ALLOW): Playbook {
  const playbook = new Playbook((context) => new Http1Relay(context), { judge: () => decision });
  for (const { by, bytes } of said) playbook[by](bytes);
  return playbook;
}

const outcomeOf = (playbook: Playbook) => ({
  upstream: playbook.sentTo('upstream'),
  caller: playbook.sentTo('caller'),
  judged: playbook.judged,
  records: playbook.records,
});

/** What was sent as far as `upstream` has it, without the empty lines before requests, which stay here. */
function sentLike(sent: string, upstream: string): string {
  let like = '';
  for (let at = 0; like.length < upstream.length && at < sent.length; )
    if (sent[at] !== upstream[like.length] && sent.startsWith('\r\n', at)) at += 2;
    else like += sent[at++];
  return like;
}

const isFaulty = ({ records }: Playbook) => records.some(({ fault }) => fault !== '');

fuzz('http1', (said, cuts) => {
  const whole = play(said);
  const cut = play(inPieces(said, cuts));
  const stayed = [whole, cut].filter(({ relay }) => relay instanceof Http1Relay);
  // However it comes in pieces, it is the same. What is malformed may be seen later in pieces: once its head has an end.
  if (stayed.length === 2 && !stayed.some(isFaulty)) expect(outcomeOf(cut)).toEqual(outcomeOf(whole));
  // Nothing goes upstream that the caller has not sent, and nothing twice; another protocol has frames of our own.
  const sent = Buffer.concat(said.map(({ by, bytes }) => (by === 'caller' ? bytes : Buffer.alloc(0))));
  for (const playbook of stayed) {
    expect(playbook.sentTo('upstream')).toBe(sentLike(sent.toString('latin1'), playbook.sentTo('upstream')));
  }
  // Where nothing is allowed, nothing goes upstream at all.
  expect(play(said, DENY).sentTo('upstream')).toBe('');
  whole.relay.abandon('ok', 2);
  expect(whole.records.length).toBeLessThanOrEqual(whole.judged.length + 1);
});
