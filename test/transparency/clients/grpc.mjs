// Every kind of call, metadata, errors, deadlines and cancellation; prints what it gets.
import { once } from 'node:events';
import { credentials, Metadata, makeClientConstructor } from '@grpc/grpc-js';
import { SERVICE } from '../grpc-service.mjs';

const [address] = process.argv.slice(2);
const say = (name, value) => process.stdout.write(`${name}: ${JSON.stringify(value)}\n`);
const client = new (makeClientConstructor(SERVICE, 'shop.v1.Orders'))(address, credentials.createInsecure(), {
  'grpc.max_receive_message_length': 64 << 20,
});

function unary(name, request, { metadata = new Metadata(), ...options } = {}) {
  return new Promise((resolve) => {
    const seen = {};
    const call = client[name](request, metadata, options, (error, reply) => {
      Object.assign(seen, { code: error?.code ?? 0, details: error?.details, bytes: reply?.length });
    });
    call.on('status', ({ metadata: trailers }) => {
      const { date: _, ...rest } = trailers.getMap();
      resolve({ ...seen, trailers: rest });
    });
  });
}

const ended = (stream) => new Promise((resolve) => stream.on('status', ({ code }) => resolve(code)));

const metadata = new Metadata();
metadata.set('x-tenant', 'acme');
metadata.set('x-bytes-bin', Buffer.from([0, 1, 2, 255]));
say('unary', await unary('Unary', Buffer.from('hello'), { metadata }));
say('empty', await unary('Unary', Buffer.alloc(0)));
say('10 MB', await unary('Unary', Buffer.alloc(10_000_000, 'abc')));
say('error', await unary('Fail', Buffer.from('x')));
say('deadline', (await unary('Never', Buffer.from('x'), { deadline: Date.now() + 500 })).code);
const many = await Promise.all(Array.from({ length: 500 }, () => unary('Unary', Buffer.alloc(1000))));
say('500 at once', many.filter(({ code }) => code === 0).length);

const watch = client.Watch(Buffer.from('order '));
const replies = [];
watch.on('data', (reply) => replies.push(reply.toString()));
say('server streams', [await ended(watch), replies.length, replies.at(-1)]);

const uploaded = await new Promise((resolve, reject) => {
  const upload = client.Upload((error, reply) =>
    error === null ? resolve(reply.toString()) : reject(error),
  );
  for (let at = 0; at < 500; at++) upload.write(Buffer.alloc(10_000, 'u'));
  upload.end();
});
say('client streams', uploaded);

const chat = client.Chat();
const heard = [];
chat.on('data', (part) => heard.push(part.toString()));
for (let at = 0; at < 50; at++) {
  chat.write(Buffer.from(`line ${at}`));
  while (heard.length <= at) await once(chat, 'data');
}
chat.end();
say('both stream', [await ended(chat), heard.length, heard.at(-1)]);

const endless = client.Endless(Buffer.alloc(0));
endless.on('error', () => {});
const cancelled = ended(endless);
await once(endless, 'data');
endless.cancel();
say('cancelled', await cancelled);
say('after that', (await unary('Unary', Buffer.from('still here'))).code);
client.close();
