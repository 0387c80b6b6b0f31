import { createHash } from 'node:crypto';
import { promisify } from 'node:util';
import { gunzipSync, gzip } from 'node:zlib';
import { err, ok, type Result } from '../kernel/result.ts';
import { type Learned, readLearned } from '../record/learned.ts';
import type { OperationUsage } from '../record/operation-usage.ts';
import { isUsage } from './dataplane-report.ts';

/** What outlives an agent. */
export interface SavedState {
  readonly catalog: readonly OperationUsage[];
  readonly learned: readonly Learned[];
  /** As `Anomalies` writes it. */
  readonly anomalies: Uint8Array;
}

/** Raised by whoever changes what an older agent would read wrongly. A newer file is left alone. */
const VERSION = 1;
const HEADER = /^eastwall-learned (\d{1,6}) ([0-9a-f]{64})\n/;
const LONGEST_HEADER = 100;
/** Larger ones are not even read. */
export const MAX_FILE_BYTES = 32 << 20;
const MAX_TEXT_BYTES = 256 << 20;
/** Of each kind. */
const MAX_ENTRIES = 200_000;

/** A line that `head -1` shows, with version and checksum, and compressed JSON. */
export async function encodeState({ catalog, learned, anomalies }: SavedState): Promise<Buffer> {
  const text = JSON.stringify({ catalog, learned, anomalies: Buffer.from(anomalies).toString('base64') });
  const body = await promisify(gzip)(text, { level: 1 });
  return Buffer.concat([Buffer.from(`eastwall-learned ${VERSION} ${digestOf(body)}\n`), body]);
}

/** The error says why nothing of it can be used. Single entries that can't be are left out. */
export function decodeState(file: Buffer): Result<SavedState, string> {
  const [line, version, digest] = HEADER.exec(file.toString('latin1', 0, LONGEST_HEADER)) ?? [];
  if (line === undefined) return err('it is no file of what was learnt');
  if (Number(version) > VERSION)
    return err(`it is of version ${version}, and this agent reads up to ${VERSION}`);
  const body = file.subarray(line.length);
  if (digestOf(body) !== digest) return err('it is damaged');
  try {
    return read(JSON.parse(gunzipSync(body, { maxOutputLength: MAX_TEXT_BYTES }).toString('utf8')));
  } catch (error) {
    return err((error as Error).message);
  }
}

function read(value: unknown): Result<SavedState, string> {
  if (typeof value !== 'object' || value === null) return err('there is nothing in it');
  const { catalog, learned, anomalies } = value as Record<string, unknown>;
  return ok({
    catalog: listOf(catalog).filter((one): one is OperationUsage => isUsage(one)),
    learned: listOf(learned).flatMap((one) => readLearned(one) ?? []),
    anomalies: typeof anomalies === 'string' ? Buffer.from(anomalies, 'base64') : new Uint8Array(),
  });
}

const listOf = (value: unknown): unknown[] => (Array.isArray(value) ? value.slice(0, MAX_ENTRIES) : []);

/** Against accidents: who may write the file may also write a digest. */
const digestOf = (body: Uint8Array): string => createHash('sha256').update(body).digest('hex');
