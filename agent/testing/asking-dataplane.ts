import type { ToDataplane } from '../src/ipc/messages.ts';
import { recvFds } from '../src/kernel/libc-fds.ts';

/** A dataplane that asks for sockets of every namespace it hears of and reports how many descriptors it was handed. */
process.on('disconnect', () => process.exit(0));
process.on('message', (message: ToDataplane) => {
  if (message.kind === 'caller') {
    process.send?.({ kind: 'need-sockets', ns: message.ns, direction: 'outbound', family: 4, count: 3 });
    process.send?.({ kind: 'inbound-wanted', ns: message.ns + 1, wanted: true });
    process.send?.({ kind: 'inbound-wanted', ns: message.ns, wanted: true });
  }
  if (message.kind !== 'fds') return;
  for (let packet = recvFds(3); packet !== null; packet = recvFds(3)) {
    process.send?.({ kind: 'records', records: [], dropped: packet.fds.length });
  }
});
process.send?.({ kind: 'ready', pid: process.pid });
