// A frontend: gets the order that it is asked for from the service that has it. Connections are kept, on both sides.
import { Agent, createServer, request } from 'node:http';

const agent = new Agent({ keepAlive: true, maxSockets: 4 });

const server = createServer((asked, response) => {
  const call = request({ host: 'orders.shop', port: 80, path: asked.url, agent }, (answer) => {
    response.writeHead(answer.statusCode, { 'content-type': 'application/json' });
    answer.pipe(response);
  });
  call.on('error', () => response.writeHead(502).end());
  call.end();
});
server.keepAliveTimeout = 600_000;
server.listen(8080, '::');
