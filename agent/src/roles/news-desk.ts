import type { News } from '../record/news.ts';
import type { NewsMetrics } from '../sinks/news-metrics.ts';
import type { DataplaneNewsReport } from './supervisor-options.ts';

export interface NewsDeskOptions {
  /** Tells this node's dataplanes, but the one that the news are from. */
  readonly tell: (news: News, from: number | null) => void;
  /** Tells other nodes. */
  readonly publish: (news: News) => void;
  readonly metrics: NewsMetrics;
}

/** Where news of this node's dataplanes and of other nodes meet. Nobody waits for any. */
export class NewsDesk {
  readonly #options: NewsDeskOptions;

  constructor(options: NewsDeskOptions) {
    this.#options = options;
  }

  /** A dataplane says so, of workloads that it serves. */
  told({ shown, uses, dropped, refused }: DataplaneNewsReport, dataplane: number): void {
    const { tell, publish, metrics } = this.#options;
    metrics.add('dropped', dropped);
    metrics.add('refused', refused);
    if (shown.length + uses.length === 0) return;
    tell({ shown, uses }, dataplane);
    publish({ shown, uses });
  }

  /** Another node says so. */
  heard(news: News): void {
    this.#options.tell(news, null);
  }
}
