import { readdirSync } from 'node:fs';
import { Counter, Gauge, type Registry } from 'prom-client';
import { cpuSeconds } from '../kernel/cpu-seconds.ts';

/** Of control's process, by the names that every Prometheus client uses; dataplanes are processes of their own. */
export function registerProcessMetrics(registry: Registry): void {
  const registers = [registry];
  new Counter({
    name: 'process_cpu_seconds_total',
    help: 'CPU time of control and capture, user and system',
    registers,
    collect() {
      this.reset();
      this.inc(cpuSeconds());
    },
  });
  new Gauge({
    name: 'process_resident_memory_bytes',
    help: 'Resident memory of control and capture',
    registers,
    collect() {
      this.set(process.memoryUsage.rss());
    },
  });
  new Gauge({
    name: 'process_start_time_seconds',
    help: 'When the agent was started, in seconds since the epoch',
    registers,
  }).set(Date.now() / 1_000 - process.uptime());
  new Gauge({
    name: 'process_open_fds',
    help: 'Open file descriptors of control and capture, the listening sockets of all pods among them',
    registers,
    collect() {
      this.set(readdirSync('/proc/self/fd').length);
    },
  });
}
