import { Counter, type Registry } from 'prom-client';

/**
 * `dropped` and `refused` count ids and uses of credentials in dataplanes: no room to tell them, and too much heard. The
 * others count messages between nodes: sent, not sent, heard; and heard but stale, unreadable, or too many.
 */
const NEWS_COUNTS = [
  'dropped',
  'refused',
  'sent',
  'unsent',
  'heard',
  'stale',
  'unreadable',
  'excess',
] as const;
export type NewsCount = (typeof NEWS_COUNTS)[number];

/** What became of the news that dataplanes and nodes tell each other. */
export class NewsMetrics {
  readonly #news: Counter<'result'>;

  constructor(registry: Registry) {
    this.#news = new Counter({
      name: 'eastwall_news_total',
      help: 'Shown ids and used credentials that were not told (dropped) or not taken (refused); messages about them between nodes: sent, unsent, heard, stale, unreadable, excess',
      labelNames: ['result'],
      registers: [registry],
    });
    for (const result of NEWS_COUNTS) this.#news.inc({ result }, 0);
  }

  add(result: NewsCount, count = 1): void {
    if (count > 0) this.#news.inc({ result }, count);
  }
}
