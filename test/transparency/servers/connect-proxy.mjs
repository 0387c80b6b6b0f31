// A forward proxy that only knows CONNECT.
import { createServer } from 'node:http';
import { connect } from 'node:net';

createServer()
  .on('connect', ({ url }, client, head) => {
    const { hostname, port } = new URL(`tcp://${url}`);
    const upstream = connect({ host: hostname, port: Number(port) }, () => {
      client.write('HTTP/1.1 200 Connection established\r\n\r\n');
      upstream.write(head);
      upstream.pipe(client).pipe(upstream);
    });
    upstream.on('error', () => client.destroy());
    client.on('error', () => upstream.destroy());
  })
  .listen(3128);
