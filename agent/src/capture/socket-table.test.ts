import { expect, it } from 'vitest';
import { listenerUse } from './socket-table.ts';

const TABLE = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:EEC7 00000000:0000 0A 00000000:00000003 00:00000000 00000000     0        0 1 1 0 100 0 0 10 0
   1: 0100007F:EEC7 0201A8C0:9C40 01 00000000:00000000 00:00000000 00000000     0        0 2 1 0 20 4 30 10 -1
   2: 0100007F:EEC7 0201A8C0:9C42 08 00000000:00000000 00:00000000 00000000     0        0 3 1 0 20 4 30 10 -1
   3: 0100007F:EEC7 0201A8C0:9C44 06 00000000:00000000 00:00000000 00000000     0        0 0 3 0
   4: 0100007F:0050 00000000:0000 0A 00000000:00000009 00:00000000 00000000     0        0 5 1 0 100 0 0 10 0
   5: 0201A8C0:9C40 0100007F:EEC7 01 00000000:00000000 00:00000000 00000000     0        0 6 1 0 20 4 30 10 -1
   6: 0100007F:EEC7 0201A8C0:9C46 03 00000000:00000000 01:00000064 00000000     0        0 0 2 0
`;

it('counts what waits at a listener and what it has let in', () => {
  expect(listenerUse(TABLE, 0xeec7)).toEqual({ queued: 4, open: 3 });
  expect(listenerUse(TABLE, 80)).toEqual({ queued: 9, open: 0 });
  expect(listenerUse(TABLE, 443)).toEqual({ queued: 0, open: 0 });
});
