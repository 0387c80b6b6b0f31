import { bytes, httpUrl, oneOf, optionalPath } from './parsers.ts';
import { count, HOUR, KIB, MINUTE, SECOND, setting, time } from './setting.ts';

/** What is told of what happened, and where to. */
export const EVENT_SETTINGS = {
  eventsPerSecond: count(
    '100',
    1,
    100_000,
    'Events per second, of blocked exchanges and findings, that are told; all are counted.',
  ),
  eventFormat: setting(
    oneOf('eastwall', 'ocsf'),
    'eastwall',
    'format',
    'What events are written as: `eastwall`, the records as `eastwall tail --json` shows them, or `ocsf`, HTTP Activity and Detection Finding of OCSF 1.5.0.',
  ),
  eventPaths: setting(
    oneOf('template', 'raw'),
    'template',
    'how',
    'How events name what was asked for: `template`, by its operation (`/orders/{orderId}`), or `raw`, by the path itself (without its query), which may hold ids, names and secrets.',
  ),
  eventFile: setting(
    optionalPath,
    '',
    'path',
    'File that events are written to, one line each; empty for none. All agents of a node may share it.',
  ),
  eventFileBytes: setting(
    bytes({ min: 64 * KIB, max: 1_024 * KIB * KIB }),
    '16MiB',
    'size',
    'Size from which on an event file is renamed to `….1`, that one to `….2`, and so on.',
  ),
  eventFiles: count('5', 2, 1_000, 'Event files that are kept.'),
  webhookUrl: setting(httpUrl, '', 'url', 'Where events are posted to, as a JSON array; empty for nowhere.'),
  webhookTokenFile: setting(
    optionalPath,
    '',
    'path',
    'File with the token that is sent to the webhook (`Authorization: Bearer …`). Read again for every request.',
  ),
  webhookCaFile: setting(
    optionalPath,
    '',
    'path',
    'File with the certificates (PEM) that vouch for the webhook; empty for the public ones that Node brings.',
  ),
  otlpUrl: setting(
    httpUrl,
    '',
    'url',
    'OTLP/HTTP receiver that events are sent to as logs and spans, in JSON: `http://collector:4318`, to which `/v1/logs` and `/v1/traces` are added. Empty for nowhere.',
  ),
  otlpSignals: setting(
    oneOf('both', 'logs', 'traces'),
    'both',
    'what',
    'What is sent there: `logs` of all events, `traces`, a span for each exchange of interest that belongs to the trace of its request (`traceparent`) and is not unsampled, or `both`.',
  ),
  otlpTokenFile: setting(
    optionalPath,
    '',
    'path',
    'File with the token that is sent to the OTLP receiver, as for the webhook.',
  ),
  otlpCaFile: setting(
    optionalPath,
    '',
    'path',
    'File with the certificates (PEM) that vouch for the OTLP receiver; empty for the public ones that Node brings.',
  ),
  kubeEvents: setting(
    oneOf('off', 'on'),
    'off',
    'whether',
    'Whether findings become Kubernetes Events on the pods that they are about, one each. Takes `create` of Events in all namespaces.',
  ),
  kubeEventsPerMinute: count('30', 1, 10_000, 'Kubernetes Events per minute and node; more are counted.'),
  exportBatchEvents: count('500', 1, 10_000, 'Events that are sent in one request at most.'),
  exportBatchBytes: setting(
    bytes({ min: 16 * KIB, max: 64 * KIB * KIB }),
    '512KiB',
    'size',
    'Events that are sent in one request at most, by size; a longer one goes alone.',
  ),
  exportLingerMs: time('1s', 1, MINUTE, 'Time that events wait for others, so that they are sent together.'),
  exportGzip: setting(oneOf('on', 'off'), 'off', 'whether', 'Whether what is sent is compressed.'),
  exportTimeoutMs: time('10s', 100, 10 * MINUTE, 'Time for a receiver of events to answer.'),
  exportMaxRetryDelayMs: time(
    '1m',
    SECOND,
    HOUR,
    'Longest wait between two tries, unless the receiver asks for a longer one (`Retry-After`, ten minutes at most).',
  ),
  spoolDir: setting(
    optionalPath,
    '',
    'path',
    'Directory where events wait until their receiver has them, also while there is no agent; empty is `spool` in the run directory, which a node forgets when it starts again. All agents of a node need the same.',
  ),
  maxSpoolBytes: setting(
    bytes({ min: KIB * KIB, max: 100 * 1_024 * KIB * KIB }),
    '32MiB',
    'size',
    'What may wait for one receiver; what comes then is dropped, and counted.',
  ),
} as const;
