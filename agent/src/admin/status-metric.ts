import { Counter, Gauge, type Registry } from 'prom-client';
import type { AgentStatus } from './agent-status.ts';

export type Values = readonly (readonly [labels: Readonly<Record<string, string>>, value: number])[];

/** One metric that is read from the agent's status. */
export interface StatusMetric {
  readonly name: string;
  readonly help: string;
  readonly labels: readonly string[];
  readonly type: 'gauge' | 'counter';
  readonly values: (status: AgentStatus) => Values;
}

export const one = (value: number): Values => [[{}, value]];

export const gauge = (
  name: string,
  help: string,
  values: StatusMetric['values'],
  labels: readonly string[] = [],
): StatusMetric => ({
  name: `eastwall_${name}`,
  help,
  labels,
  type: 'gauge',
  values,
});
export const counter = (...args: Parameters<typeof gauge>): StatusMetric => ({
  ...gauge(...args),
  type: 'counter',
});

export function register(registry: Registry, metric: StatusMetric, status: () => AgentStatus): void {
  const options = {
    name: metric.name,
    help: metric.help,
    labelNames: [...metric.labels],
    registers: [registry],
  };
  if (metric.type === 'gauge') {
    new Gauge({
      ...options,
      collect() {
        this.reset();
        for (const [labels, value] of metric.values(status())) this.set(labels, value);
      },
    });
  } else {
    new Counter({
      ...options,
      collect() {
        this.reset();
        for (const [labels, value] of metric.values(status())) this.inc(labels, value);
      },
    });
  }
}
