import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http2';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { DataplaneProcess, ENFORCED, PORT } from '../../support/dataplane-process.ts';

const run = promisify(execFile);
const UPLOAD = 3_000_000;

/** As a program that sends all it has before it looks for an answer. */
const uploading = (path: string, ...options: string[]) =>
  run('sh', [
    '-c',
    `head -c ${UPLOAD} /dev/zero | curl -s -m 30 -o /dev/null -w '%{http_code}' --data-binary @- ${options.join(' ')} http://${ENFORCED}:${PORT}${path}`,
  ]).then(
    ({ stdout }) => stdout,
    (error: { stdout: string; code: number }) => `${error.stdout} ${error.code}`,
  );

it('curl is told why its upload is denied, over HTTP/2', async () => {
  await using dataplane = await DataplaneProcess.start();
  let received = 0;
  const server = createServer((request, response) => {
    request.on('data', (part: Buffer) => {
      received += part.length;
    });
    request.on('end', () => response.end());
  });
  server.listen(PORT, ENFORCED);
  await once(server, 'listening');
  try {
    for (let round = 0; round < 3; round++)
      expect(await uploading('/admin', '--http2-prior-knowledge')).toBe('403');
    expect(received).toBe(0);
    expect(await uploading('/orders', '--http2-prior-knowledge')).toBe('200');
    expect(received).toBe(UPLOAD);
    expect(await dataplane.recorded(4)).toMatchObject([
      { outcome: 'denied', status: 403 },
      { outcome: 'denied', status: 403 },
      { outcome: 'denied', status: 403 },
      { outcome: 'ok', status: 200 },
    ]);
  } finally {
    server.close();
  }
});
