// A host outside of the cluster: HTTP on 80, HTTPS on 443, and a greeting on 25. Answers with the host it was asked for.
import { createServer } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import { createServer as createTcpServer } from 'node:net';

const answer = (request, response) => response.end(`outside: ${request.headers.host}\n`);
createServer(answer).listen(80, '::');
createSecureServer({ cert: process.env.CERT, key: process.env.KEY }, answer).listen(443, '::');
createTcpServer((socket) => socket.on('error', () => {}).end('220 outside\r\n')).listen(25, '::');
