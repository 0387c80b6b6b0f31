import { execFileSync } from 'node:child_process';
import { expect, it } from 'vitest';
import { DataplaneProcess, ENFORCED, PORT } from '../../support/dataplane-process.ts';
import { eventually } from '../../support/eventually.ts';
import { TestServer } from '../../support/peer.ts';

const DENIED = 40_000;
const PATH_BYTES = 8_000;
const MAX_GROWTH = 256 << 20;

/** A caller that is denied over and over, as a process of its own: the test itself stands still meanwhile. */
const CALLER = `
  const request = 'GET /' + 'x'.repeat(${PATH_BYTES}) + ' HTTP/1.1\\r\\nHost: a\\r\\n\\r\\n';
  let left = ${DENIED}, got = 0, tail = '';
  const socket = require('node:net').connect(${PORT}, '${ENFORCED}');
  const go = () => { while (left-- > 0) if (!socket.write(request)) return; };
  socket.on('drain', go).on('data', (bytes) => {
    const text = tail + bytes.toString('latin1');
    got += text.split('HTTP/1.1 403').length - 1;
    tail = text.slice(-11);
    if (got === ${DENIED}) process.exit();
  });
  go();
`;

it('records nobody takes are dropped and counted, and take no memory', async () => {
  await using dataplane = await DataplaneProcess.start();
  await using _server = await TestServer.listen(ENFORCED, PORT);
  const before = dataplane.rssBytes;
  // Synchronous: until it is over, this process reads no message, as a control that is stuck would.
  execFileSync(process.execPath, ['-e', CALLER], { timeout: 50_000 });
  expect(dataplane.rssBytes - before).toBeLessThan(MAX_GROWTH);
  await eventually(() => expect(dataplane.records.length + dataplane.dropped).toBe(DENIED));
  expect(dataplane.dropped).toBeGreaterThan(0);
  expect(dataplane.records.every(({ path }) => path.length <= 1_024)).toBe(true);
});
