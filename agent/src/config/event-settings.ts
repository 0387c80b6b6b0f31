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
    'File with the certificates (PEM) that vouch for the webhook; empty for those of the system.',
  ),
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
