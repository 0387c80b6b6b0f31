import { Counter, type Registry } from 'prom-client';
import { BODY_OUTCOMES, FORGOTTEN_OF_IDS, type IdCounts, SHOWN_SOURCES } from '../record/id-counts.ts';

/** How far ids are seen: an operation whose bodies are not read is not watched for what is in them. */
export class IdMetrics {
  readonly #bodies: Counter<'direction' | 'result'>;
  readonly #shown: Counter<'source'>;
  readonly #forgotten: Counter<'what'>;
  readonly #credentials: Counter;

  constructor(registry: Registry) {
    const registers = [registry];
    this.#bodies = new Counter({
      name: 'eastwall_bodies_total',
      help: 'Bodies by whether they were read for ids, or why not: of another type, in an encoding that is not undone, too large, unreadable, broken off, or because too many were read at a time (busy)',
      labelNames: ['direction', 'result'],
      registers,
    });
    this.#shown = new Counter({
      name: 'eastwall_shown_ids_total',
      help: 'Ids that workloads were shown, by how: in responses, by what they wrote themselves, in requests that they serve, by word of other nodes and dataplanes; `refused` are those beyond what one message may show',
      labelNames: ['source'],
      registers,
    });
    this.#forgotten = new Counter({
      name: 'eastwall_enumeration_forgotten_total',
      help: 'What is forgotten for want of room: callers at an operation (`--max-enumeration-keys`), and workloads with all that they were shown (`--max-provenance-workloads`)',
      labelNames: ['what'],
      registers,
    });
    this.#credentials = new Counter({
      name: 'eastwall_credentials_forgotten_total',
      help: 'Credentials of which it is forgotten who uses them, for want of room: more than 10,000 were seen by a dataplane, or as many heard of',
      registers,
    });
    for (const result of BODY_OUTCOMES)
      for (const direction of ['request', 'response']) this.#bodies.inc({ direction, result }, 0);
    for (const source of SHOWN_SOURCES) this.#shown.inc({ source }, 0);
    for (const what of FORGOTTEN_OF_IDS) this.#forgotten.inc({ what }, 0);
  }

  add({ requestBodies, responseBodies, shown, forgotten }: IdCounts): void {
    for (const result of BODY_OUTCOMES) {
      this.#bodies.inc({ direction: 'request', result }, requestBodies[result]);
      this.#bodies.inc({ direction: 'response', result }, responseBodies[result]);
    }
    for (const source of SHOWN_SOURCES) this.#shown.inc({ source }, shown[source]);
    for (const what of FORGOTTEN_OF_IDS) this.#forgotten.inc({ what }, forgotten[what]);
    this.#credentials.inc(forgotten.credentials);
  }
}
