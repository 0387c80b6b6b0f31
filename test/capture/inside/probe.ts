import { writeFileSync } from 'node:fs';
import { CaptureClient } from '../../../agent/src/capture/client.ts';

/** Moves into the cgroup it is told, and prints how an agent there exempts itself. */
const [procs = ''] = process.argv.slice(2);
writeFileSync(procs, String(process.pid));
const client = new CaptureClient(
  {
    netnsDir: '/run/netns',
    reconcileIntervalMs: 3_600_000,
    excludedNamespaces: [],
    exemption: 'auto',
    rules: 'auto',
    failMode: 'open',
    quic: 'count',
    inbound: 'auto',
    packetGuard: 'auto',
    proofIntervalMs: 3_600_000,
    gateTimeoutMs: 15_000,
    nodeAddresses: [],
  },
  {
    onEvent: (event) => {
      if (event.kind !== 'ready') return;
      process.stdout.write(JSON.stringify(event.exemption));
      void client.release();
    },
    onCrash: (error) => {
      throw error;
    },
  },
);
