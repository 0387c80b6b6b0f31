import * as grpc from '@grpc/grpc-js';
import { describe, expect, it } from 'vitest';
import type { Denial } from '../../agent/src/h2/exchange.ts';
import { startRelay } from '../../agent/testing/h2/relay-server.ts';

/** Messages are raw bytes, so the service needs no schema. */
const raw = {
  requestSerialize: same,
  requestDeserialize: same,
  responseSerialize: same,
  responseDeserialize: same,
};

function same(bytes: Buffer): Buffer {
  return bytes;
}

const method = (name: string, requestStream: boolean, responseStream: boolean) => ({
  path: `/shop.v1.Orders/${name}`,
  requestStream,
  responseStream,
  ...raw,
});

const SERVICE = {
  Get: method('Get', false, false),
  Watch: method('Watch', false, true),
  Upload: method('Upload', true, false),
  Chat: method('Chat', true, true),
  Fail: method('Fail', false, false),
  Forbidden: method('Forbidden', false, false),
  ForbiddenUpload: method('ForbiddenUpload', true, false),
  ForbiddenChat: method('ForbiddenChat', true, true),
  TooMany: method('TooMany', false, false),
};

const IMPLEMENTATION: grpc.UntypedServiceImplementation = {
  Get: ((call, done) => done(null, call.request)) satisfies grpc.handleUnaryCall<Buffer, Buffer>,
  Fail: ((_call, done) =>
    done({ code: grpc.status.NOT_FOUND, details: 'no such order' })) satisfies grpc.handleUnaryCall<
    Buffer,
    Buffer
  >,
  Watch: ((call) => {
    for (let at = 0; at < 20; at++) call.write(Buffer.concat([call.request, Buffer.of(at)]));
    call.end();
  }) satisfies grpc.handleServerStreamingCall<Buffer, Buffer>,
  Upload: ((call, done) => {
    let bytes = 0;
    call.on('data', (part: Buffer) => {
      bytes += part.length;
    });
    call.on('end', () => done(null, Buffer.from(String(bytes))));
  }) satisfies grpc.handleClientStreamingCall<Buffer, Buffer>,
  Chat: ((call) => {
    call.on('data', (part: Buffer) => call.write(part));
    call.on('end', () => call.end());
  }) satisfies grpc.handleBidiStreamingCall<Buffer, Buffer>,
  Forbidden: reachedUpstream,
  ForbiddenUpload: reachedUpstream,
  ForbiddenChat: reachedUpstream,
  TooMany: reachedUpstream,
};

function reachedUpstream(): never {
  throw new Error('a denied call reached upstream');
}

const denial = (grpcStatus: number, grpcMessage: string): Denial => ({
  status: 403,
  fields: [['eastwall-decision', 'd-1']],
  body: null,
  contentType: '',
  grpcStatus,
  grpcMessage,
});

async function shop() {
  const server = new grpc.Server();
  server.addService(SERVICE, IMPLEMENTATION);
  const upstreamPort = await new Promise<number>((resolve, reject) =>
    server.bindAsync('127.0.0.1:0', grpc.ServerCredentials.createInsecure(), (error, port) =>
      error === null ? resolve(port) : reject(error),
    ),
  );
  const relay = await startRelay({
    upstreamPort,
    decide: ({ grpc: call }) => {
      if (call?.method.startsWith('Forbidden'))
        return denial(grpc.status.PERMISSION_DENIED, 'rule `orders`: 0 % – no');
      return call?.method === 'TooMany' ? denial(grpc.status.RESOURCE_EXHAUSTED, 'slow down') : null;
    },
  });
  const Client = grpc.makeGenericClientConstructor(SERVICE, 'Orders');
  const client = new Client(`127.0.0.1:${relay.port}`, grpc.credentials.createInsecure());
  return {
    relay,
    client,
    async [Symbol.asyncDispose]() {
      client.close();
      await relay[Symbol.asyncDispose]();
      server.forceShutdown();
    },
  };
}

type Shop = Awaited<ReturnType<typeof shop>>;

interface CallEnd {
  readonly code: number;
  readonly details: string;
  readonly decision: grpc.MetadataValue | undefined;
  readonly messages: string[];
}

const DONE = { code: 0, details: '', decision: undefined };

const failed = (error: grpc.ServiceError, messages: string[]): CallEnd => ({
  code: error.code,
  details: error.details,
  decision: error.metadata.get('eastwall-decision')[0],
  messages,
});

function unary({ client }: Shop, name: string, message: string): Promise<CallEnd> {
  return new Promise((resolve) => {
    client.makeUnaryRequest(`/shop.v1.Orders/${name}`, same, same, Buffer.from(message), (error, reply) =>
      resolve(error === null ? { ...DONE, messages: [String(reply)] } : failed(error, [])),
    );
  });
}

function upload({ client }: Shop, name: string, parts: readonly Buffer[]): Promise<CallEnd> {
  return new Promise((resolve) => {
    const call = client.makeClientStreamRequest(`/shop.v1.Orders/${name}`, same, same, (error, reply) =>
      resolve(error === null ? { ...DONE, messages: [String(reply)] } : failed(error, [])),
    );
    for (const part of parts) call.write(part);
    call.end();
  });
}

function collect(call: grpc.ClientReadableStream<Buffer>): Promise<CallEnd> {
  return new Promise((resolve) => {
    const messages: string[] = [];
    call.on('data', (message: Buffer) => messages.push(message.toString('latin1')));
    call.on('error', (error: grpc.ServiceError) => resolve(failed(error, messages)));
    call.on('end', () => resolve({ ...DONE, messages }));
  });
}

function chat({ client }: Shop, name: string, parts: readonly string[]): Promise<CallEnd> {
  const call = client.makeBidiStreamRequest(`/shop.v1.Orders/${name}`, same, same);
  for (const part of parts) call.write(Buffer.from(part));
  call.end();
  return collect(call);
}

const watch = ({ client }: Shop, message: string) =>
  collect(client.makeServerStreamRequest('/shop.v1.Orders/Watch', same, same, Buffer.from(message)));

describe('gRPC through the relay', () => {
  it('carries all four kinds of call, denied ones between them, on one connection', async () => {
    await using setup = await shop();
    const big = Buffer.alloc(50_000, 'x');
    const rounds = Array.from({ length: 25 }, async (_, at) => {
      expect(await unary(setup, 'Get', `order ${at}`)).toMatchObject({ code: 0, messages: [`order ${at}`] });
      expect(await unary(setup, 'Forbidden', 'x')).toEqual({
        code: grpc.status.PERMISSION_DENIED,
        details: 'rule `orders`: 0 % – no',
        decision: 'd-1',
        messages: [],
      });
      expect((await watch(setup, `w${at}`)).messages).toHaveLength(20);
      expect(await upload(setup, 'Upload', [big, big, big])).toMatchObject({ code: 0, messages: ['150000'] });
      expect(await upload(setup, 'ForbiddenUpload', [big, big, big])).toMatchObject({ code: 7 });
      expect((await chat(setup, 'Chat', ['a', 'b', 'c'])).messages.join('')).toBe('abc');
      expect(await chat(setup, 'ForbiddenChat', ['a', 'b', 'c'])).toMatchObject({ code: 7, messages: [] });
      expect(await unary(setup, 'TooMany', 'x')).toMatchObject({ code: 8, details: 'slow down' });
      expect(await unary(setup, 'Fail', 'x')).toMatchObject({ code: 5, details: 'no such order' });
    });
    await Promise.all(rounds);
    expect(setup.relay.relays).toHaveLength(1);
    expect(setup.relay.closes).toEqual([]);
  });

  it('records service, method and grpc-status', async () => {
    await using setup = await shop();
    await unary(setup, 'Get', 'x');
    await unary(setup, 'Fail', 'x');
    await unary(setup, 'Forbidden', 'x');
    const records = setup.relay.seen.map(({ grpc: call, end }) => [
      call?.service,
      call?.method,
      end?.grpcStatus,
      end?.outcome,
    ]);
    expect(records).toEqual([
      ['shop.v1.Orders', 'Get', 0, 'ok'],
      ['shop.v1.Orders', 'Fail', 5, 'ok'],
      ['shop.v1.Orders', 'Forbidden', 7, 'denied'],
    ]);
  });
});
