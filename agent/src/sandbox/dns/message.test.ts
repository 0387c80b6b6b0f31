import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CODE, nameBytes, readQuery, TYPE, writeRefusal, writeReply } from './message.ts';

/** A query as a resolver sends it. */
function queryBytes(name: string, type: number, id = 7): Buffer {
  const header = Buffer.alloc(12);
  header.writeUInt16BE(id, 0);
  header.writeUInt16BE(0x0100, 2);
  header.writeUInt16BE(1, 4);
  const tail = Buffer.alloc(4);
  tail.writeUInt16BE(type, 0);
  tail.writeUInt16BE(1, 2);
  return Buffer.concat([header, nameBytes(name), tail]);
}

function parsed(message: Buffer) {
  const query = readQuery(message);
  if (!query.ok) throw new Error(`refused with ${query.error}`);
  return query.value;
}

const label = fc.stringMatching(/^[a-z0-9-]{1,63}$/);

describe('DNS messages', () => {
  it('reads what a resolver asks', () => {
    const query = parsed(queryBytes('Web.Shop.svc.cluster.local', TYPE.AAAA, 513));
    expect(query).toMatchObject({
      id: 513,
      name: 'web.shop.svc.cluster.local',
      type: TYPE.AAAA,
      recursionDesired: true,
    });
  });

  it('answers with records that point back to the question', () => {
    const query = parsed(queryBytes('a.b', TYPE.A));
    const reply = writeReply(
      query,
      { code: 0, answers: [{ type: TYPE.A, data: Buffer.from([10, 0, 0, 1]) }] },
      512,
    );
    expect(reply.toString('hex')).toBe(
      '0007850000010001000000000161016200' + '00010001' + 'c00c0001000100000005' + '0004' + '0a000001',
    );
  });

  it('says that it is too long rather than cut a record', () => {
    const query = parsed(queryBytes('a.b', TYPE.A));
    const answers = Array.from({ length: 40 }, () => ({ type: TYPE.A, data: Buffer.from([10, 0, 0, 1]) }));
    const short = writeReply(query, { code: 0, answers }, 512);
    expect([short.readUInt16BE(2) & 0x0200, short.readUInt16BE(6)]).toEqual([0x0200, 0]);
    const long = writeReply(query, { code: 0, answers }, 65_535);
    expect([long.readUInt16BE(2) & 0x0200, long.readUInt16BE(6)]).toEqual([0, 40]);
  });

  it('reads back every name', () => {
    const names = fc.array(label, { minLength: 1, maxLength: 4 }).map((labels) => labels.join('.'));
    fc.assert(fc.property(names, (name) => parsed(queryBytes(name, TYPE.A)).name === name));
  });

  it('answers any bytes with a query or a code, within the bytes given', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 600 }), (bytes) => {
        const message = Buffer.from(bytes);
        const query = readQuery(message);
        if (query.ok) return query.value.question.length <= message.length - 12;
        const refusal = writeRefusal(message, query.error);
        return message.length < 12 ? refusal === undefined : refusal?.length === 12;
      }),
    );
  });

  it.each([
    ['too short', Buffer.alloc(11), CODE.formatError],
    ['a reply', Buffer.concat([Buffer.from([0, 1, 0x80, 0, 0, 1]), Buffer.alloc(20)]), CODE.formatError],
    ['an update', Buffer.concat([Buffer.from([0, 1, 0x28, 0, 0, 1]), Buffer.alloc(20)]), CODE.notImplemented],
    ['a name without an end', queryBytes('abc', TYPE.A).subarray(0, 15), CODE.formatError],
    [
      'a pointer in the question',
      Buffer.concat([Buffer.from([0, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0xc0, 12]), Buffer.alloc(4)]),
      CODE.formatError,
    ],
  ])('refuses %s', (_, message, code) => {
    expect(readQuery(message)).toEqual({ ok: false, error: code });
  });
});
