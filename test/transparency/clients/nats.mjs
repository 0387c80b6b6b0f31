// NATS by hand: its text protocol, as a client library speaks it. The server speaks first.
import { once } from 'node:events';
import { connect } from 'node:net';

const [host, port] = process.argv.slice(2);
const say = (line) => process.stdout.write(`${line}\n`);

class Nats {
  messages = [];
  #buffer = Buffer.alloc(0);
  #socket;
  #pongs = 0;

  static async open() {
    const nats = new Nats();
    nats.#socket = connect({ host, port: Number(port), noDelay: true });
    const [greeting] = await once(nats.#socket, 'data');
    say(`greeted with ${greeting.toString().slice(0, 4)}`);
    nats.#socket.on('data', (part) => nats.#take(part));
    nats.write('CONNECT {"verbose":false,"pedantic":true,"headers":true}\r\n');
    await nats.flush();
    return nats;
  }

  write(text) {
    this.#socket.write(text);
  }

  publish(subject, payload, reply = '') {
    this.write(`PUB ${subject} ${reply} ${Buffer.byteLength(payload)}\r\n`);
    this.write(payload);
    this.write('\r\n');
  }

  /** What was sent before has been taken in by the server, and what that had for us has come. */
  async flush() {
    const wanted = this.#pongs + 1;
    this.write('PING\r\n');
    while (this.#pongs < wanted) await once(this.#socket, 'data');
  }

  async received(count) {
    while (this.messages.length < count) await once(this.#socket, 'data');
  }

  close() {
    this.#socket.end();
  }

  #take(part) {
    this.#buffer = Buffer.concat([this.#buffer, part]);
    for (let end = this.#buffer.indexOf('\r\n'); end >= 0; end = this.#buffer.indexOf('\r\n')) {
      const [verb, subject, ...rest] = this.#buffer.subarray(0, end).toString().split(' ');
      const size = verb === 'MSG' ? Number(rest.at(-1)) : -2;
      if (this.#buffer.length < end + 2 + size + 2) return;
      if (verb === 'MSG') {
        const payload = this.#buffer.subarray(end + 2, end + 2 + size);
        this.messages.push({
          subject,
          reply: rest.length === 3 ? rest[1] : '',
          payload: Buffer.from(payload),
        });
      } else if (verb === 'PONG') this.#pongs++;
      else if (verb === 'PING') this.write('PONG\r\n');
      else say(`${verb} ${subject}`);
      this.#buffer = this.#buffer.subarray(end + 2 + size + 2);
    }
  }
}

const a = await Nats.open();
const b = await Nats.open();
const name = `orders.${process.pid}`;

a.write(`SUB ${name}.* 1\r\n`);
await a.flush();
for (let at = 0; at < 1000; at++) b.publish(`${name}.new`, `order ${at}`);
await a.received(1000);
say(`in order: ${a.messages.every(({ payload }, at) => payload.toString() === `order ${at}`)}`);

b.write(`SUB ${name}.ask 2\r\n`);
await b.flush();
a.write(`SUB inbox.${process.pid} 3\r\n`);
a.messages.length = 0;
a.publish(`${name}.ask`, 'how many?', `inbox.${process.pid}`);
await b.received(1);
b.publish(b.messages[0].reply, 'seven');
await a.received(2);
say(`answer: ${a.messages.at(-1).payload}`);

for (const client of [a, b]) client.write(`SUB ${name}-work shared 4\r\n`);
await Promise.all([a.flush(), b.flush()]);
a.messages.length = 0;
b.messages.length = 0;
for (let at = 0; at < 100; at++) a.publish(`${name}-work`, 'job');
await Promise.all([a.flush(), b.flush()]);
while (a.messages.length + b.messages.length < 100) await Promise.all([a.flush(), b.flush()]);
say(`shared by two: ${a.messages.length + b.messages.length}`);

a.messages.length = 0;
const large = Buffer.alloc(1_000_000, 'abcdefg');
for (let at = 0; at < 4; at++) b.publish(`${name}.large`, large);
await a.received(4);
say(`large: ${a.messages.filter(({ payload }) => payload.equals(large)).length} of 4 whole`);
a.close();
b.close();
