// `/<n>` is n MiB.
import { createServer } from 'node:http';

const MIB = Buffer.alloc(1024 * 1024, 'x');

createServer((request, response) => {
  let left = Number(request.url.slice(1));
  response.writeHead(200, { 'content-length': left * MIB.length });
  const more = () => {
    while (left > 0) {
      left--;
      if (!response.write(MIB)) return;
    }
    response.end();
  };
  response.on('drain', more);
  more();
}).listen(8080, '::');
