// Node's HTTP/2 client on one session after the other; prints what it gets, one line of JSON per case.
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { connect, constants } from 'node:http2';

const [origin] = process.argv.slice(2);
const say = (name, value) => process.stdout.write(`${JSON.stringify({ [name]: value })}\n`);

async function open() {
  const session = connect(origin);
  session.on('error', () => {});
  await once(session, 'connect');
  return session;
}

/** One exchange: status, fields, length and checksum of the body, trailers, interim answers, how the stream ended. */
function exchange(session, fields, body) {
  return new Promise((resolve) => {
    const stream = session.request(fields, { endStream: body === undefined });
    const hash = createHash('sha256');
    const seen = { bytes: 0, interim: [] };
    stream.on('headers', (head) => seen.interim.push(head[':status']));
    stream.on('response', ({ ':status': status, date: _, ...rest }) => Object.assign(seen, { status, rest }));
    stream.on('trailers', (trailers) => Object.assign(seen, { trailers }));
    stream.on('data', (part) => {
      seen.bytes += part.length;
      hash.update(part);
    });
    stream.on('error', () => {});
    stream.on('close', () => resolve({ ...seen, sha256: hash.digest('hex'), code: stream.rstCode }));
    if (body !== undefined) stream.end(body);
  });
}

const session = await open();
for (const path of ['/get?x=1', '/trailers', '/hints', '/none', '/refused', '/broken', '/large']) {
  say(path, await exchange(session, { ':path': path, 'x-one': '1', cookie: ['a=1', 'b=2'] }));
}

const body = Buffer.from(Array.from({ length: 8 << 20 }, (_, at) => (at * 17) % 253));
say('upload', await exchange(session, { ':method': 'POST', ':path': '/upload' }, body));
say(
  'both ways',
  await Promise.all([
    exchange(session, { ':method': 'POST', ':path': '/upload' }, body),
    exchange(session, { ':path': '/large' }),
  ]),
);

const many = Array.from({ length: 1000 }, (_, at) =>
  exchange(session, { ':method': 'POST', ':path': `/many/${at}`, 'x-at': String(at) }, 'x'.repeat(at)),
);
const answers = await Promise.all(many);
say('many', {
  ok: answers.filter(({ status }) => status === 200).length,
  sums: answers.reduce((sum, { bytes }) => sum + bytes, 0),
});

// A table that fills and is emptied again and again: fields that HPACK remembers, of every length.
for (let round = 0; round < 20; round++) {
  const fields = Object.fromEntries(
    Array.from({ length: 20 }, (_, at) => [`x-${round}-${at}`, 'v'.repeat(at * 20)]),
  );
  const { status } = await exchange(session, { ':path': '/fields', ...fields });
  if (status !== 200) say('fields', { round, status });
}

const trailing = session.request({ ':method': 'POST', ':path': '/trailing' }, { waitForTrailers: true });
trailing.on('wantTrailers', () => trailing.sendTrailers({ 'x-last': 'word' }));
trailing.end('body');
let text = '';
for await (const part of trailing.setEncoding('utf8')) text += part;
say('request trailers', JSON.parse(text).trailers);

const cancelled = session.request({ ':path': '/large' });
cancelled.on('error', () => {});
await once(cancelled, 'data');
cancelled.close(constants.NGHTTP2_CANCEL);
await once(cancelled, 'close');
say('after a cancelled one', (await exchange(session, { ':path': '/get' })).status);
say(
  'ping',
  await new Promise((resolve) =>
    session.ping(Buffer.from('12345678'), (error, _, echo) => resolve(error?.code ?? echo.toString())),
  ),
);
session.settings({ initialWindowSize: 4 << 20, headerTableSize: 0 });
await once(session, 'localSettings');
say('after new settings', (await exchange(session, { ':path': '/large' })).sha256);

// Node's server says it a second time while it closes, which does not always reach a client that closes, too.
const goaways = new Set();
session.on('goaway', (code) => goaways.add(code));
say('last', await exchange(session, { ':path': '/goaway' }));
await once(session, 'close');
say('goaway', [...goaways]);
