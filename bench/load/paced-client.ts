import { connect } from 'node:net';
import { setPriority } from 'node:os';
import { Pace } from './pace.ts';

// `node paced-client.ts <host> <port> <path> <connections> <rate> <seconds>`: GETs over kept connections at a rate that does
// not depend on the answers. Prints JSON.

const [host = '', port, path, connections, rate, seconds] = process.argv.slice(2);

const request = Buffer.from(`GET ${path} HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
const buffer = Buffer.alloc(1 << 16);
/** Milliseconds each. */
const times = new Float64Array(Math.ceil(Number(rate) * Number(seconds) * 1.5) + 1_000);
let answered = 0;

/**
 * A request that falls due while every connection is busy waits for one, and its time runs from the moment it was due: with
 * only the time since it was sent, an answer that takes long would hide all the others that had to wait for it. What this
 * process itself is late, by its timer above all, is not counted.
 */
const waiting: number[] = [];
const free: Connection[] = [];

class Connection {
  readonly #socket = connect({
    host,
    port: Number(port),
    noDelay: true,
    onread: { buffer, callback: (count) => this.#read(count) },
  });
  /** Bytes of an answer: all are alike. */
  #size = 0;
  #got = 0;
  #since = 0;

  constructor() {
    this.#socket.once('connect', () => this.ask(Number.NaN)).on('close', () => fail('a connection broke'));
  }

  /** `since` is when it was due; NaN is the first of a connection, which nobody counts. */
  ask(since: number): void {
    this.#since = since;
    this.#got = 0;
    this.#socket.write(request);
  }

  #read(count: number): boolean {
    if (this.#got === 0 && buffer.toString('latin1', 9, 12) !== '200') fail(buffer.toString('latin1', 0, 40));
    this.#size ||= sizeOf(buffer.toString('latin1', 0, count));
    this.#got += count;
    if (this.#got > this.#size) fail('answers differ in size');
    if (this.#got === this.#size) this.#answered();
    return true;
  }

  #answered(): void {
    if (!Number.isNaN(this.#since)) times[answered++] = performance.now() - this.#since;
    free.push(this);
    turn();
  }
}

function sizeOf(answer: string): number {
  const head = answer.indexOf('\r\n\r\n') + 4;
  const length = Number(/^content-length: *(\d+)/im.exec(answer)?.[1]);
  if (head < 4 || Number.isNaN(length)) fail('the first piece of an answer has no whole head');
  return head + length;
}

function fail(why: string): never {
  process.stderr.write(`paced client: ${why}\n`);
  process.exit(1);
}

let pace: Pace | null = null;
let end = 0;

function turn(): void {
  const now = performance.now();
  if (pace === null) {
    if (free.length < Number(connections)) return;
    pace = new Pace(Number(rate), now);
    end = now + Number(seconds) * 1_000;
    setImmediate(spin);
  }
  if (now < end) for (let due = pace.passed(now); due > 0; due--) waiting.push(now);
  else if (waiting.length === 0 && free.length === Number(connections)) report();
  for (
    let connection = free.at(-1);
    connection !== undefined && waiting.length > 0;
    connection = free.at(-1)
  ) {
    free.pop();
    connection.ask(waiting.shift() ?? now);
  }
}

/**
 * Asks for the time again and again: a timer is late by up to a millisecond, and whatever fell due meanwhile would be sent
 * at once, so that the time of most requests would be that of those before them.
 */
function spin(): void {
  turn();
  setImmediate(spin);
}

function report(): never {
  const sorted = times.subarray(0, answered).sort();
  const at = (share: number) => Math.round((sorted[Math.floor(answered * share)] ?? 0) * 1_000);
  process.stdout.write(JSON.stringify({ requests: answered, p50: at(0.5), p99: at(0.99) }));
  process.exit(0);
}

// It never sleeps, and the backend on the same core must not wait for it.
setPriority(19);
for (let at = 0; at < Number(connections); at++) new Connection();
