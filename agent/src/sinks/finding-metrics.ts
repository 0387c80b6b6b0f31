import { Counter, Gauge, type Registry } from 'prom-client';
import type { Finding } from '../record/finding.ts';

interface OpenFindings {
  readonly open: number;
}

/** Labels are all from closed sets, so the number of series is bounded. */
export class FindingMetrics {
  readonly #begun: Counter<'detection' | 'severity'>;
  readonly #dropped: Counter;

  constructor(registry: Registry, log: OpenFindings) {
    this.#begun = new Counter({
      name: 'eastwall_findings_total',
      help: 'Findings: episodes that have begun, by detection',
      labelNames: ['detection', 'severity'],
      registers: [registry],
    });
    this.#dropped = new Counter({
      name: 'eastwall_findings_dropped_total',
      help: 'Signs that were dropped because as many findings were open as may be (`--max-open-findings`)',
      registers: [registry],
    });
    new Gauge({
      name: 'eastwall_findings_open',
      help: 'Findings that are going on',
      registers: [registry],
      collect() {
        this.set(log.open);
      },
    });
  }

  began({ detection, severity }: Finding): void {
    this.#begun.inc({ detection, severity });
  }

  dropped(count: number): void {
    this.#dropped.inc(count);
  }
}
