import { DETECTION_IDS, DETECTIONS } from '@eastwall/policy';
import { Counter, Gauge, type Registry } from 'prom-client';
import type { Finding } from '../record/finding.ts';

export interface OpenFindings {
  /** Bounded by what the log keeps. */
  readonly open: readonly Finding[];
}

/** How many findings there are. Which ones, `eastwall findings` tells. */
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
    // A series that begins with its first finding has no increase: nobody would be told.
    for (const detection of DETECTION_IDS)
      this.#begun.inc({ detection, severity: DETECTIONS[detection].severity }, 0);
    this.#dropped = new Counter({
      name: 'eastwall_findings_dropped_total',
      help: 'Signs that were dropped because as many findings were open as may be (`--max-open-findings`)',
      registers: [registry],
    });
    new Gauge({
      name: 'eastwall_findings_open',
      help: 'Findings that are going on, by the namespace of the caller',
      labelNames: ['detection', 'severity', 'caller_namespace'],
      registers: [registry],
      collect() {
        this.reset();
        for (const { detection, severity, caller } of log.open)
          this.inc({ detection, severity, caller_namespace: caller.namespace });
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
