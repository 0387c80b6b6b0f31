/** A dataplane that somebody has taken over: it asks for sockets of a pod that is not its own. */
process.on('disconnect', () => process.exit(0));
process.send?.({ kind: 'need-sockets', ns: 1, direction: 'outbound', family: 4, count: 8 });
