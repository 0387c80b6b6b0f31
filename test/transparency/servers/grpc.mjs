// A gRPC service with all kinds of calls; messages are raw bytes, so that it needs no schema.
import { Server, ServerCredentials, status } from '@grpc/grpc-js';
import { SERVICE } from '../grpc-service.mjs';

const server = new Server({ 'grpc.max_receive_message_length': 64 << 20 });
server.addService(SERVICE, {
  Unary: (call, done) => {
    const trailer = call.metadata.clone();
    trailer.set('x-trailer', 'at the end');
    done(null, call.request, trailer);
  },
  Fail: (_call, done) => done({ code: status.NOT_FOUND, details: 'no such order – really' }),
  Never: () => {},
  Watch: (call) => {
    for (let at = 0; at < 500; at++) call.write(Buffer.concat([call.request, Buffer.from(String(at))]));
    call.end();
  },
  Endless: (call) => {
    const timer = setInterval(() => call.write(Buffer.from('tick')), 5);
    call.on('cancelled', () => clearInterval(timer));
  },
  Upload: (call, done) => {
    let bytes = 0;
    call.on('data', (part) => {
      bytes += part.length;
    });
    call.on('end', () => done(null, Buffer.from(String(bytes))));
  },
  Chat: (call) => {
    call.on('data', (part) => call.write(part));
    call.on('end', () => call.end());
  },
});
server.bindAsync('[::]:50051', ServerCredentials.createInsecure(), (error) => {
  if (error !== null) throw error;
});
