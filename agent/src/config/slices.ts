import type { DataplaneSettings, GuardKeys } from '../ipc/messages.ts';
import type { Config } from './load.ts';

/** The part of the settings that the dataplanes are sent. */
export const dataplaneSettings = (config: Config, keys: GuardKeys): DataplaneSettings => ({
  node: config.node,
  maxHeadBytes: config.maxHeadBytes,
  maxHeldBytes: config.maxHeldBytes,
  holdTimeoutMs: config.holdTimeoutMs,
  headTimeoutMs: config.headTimeoutMs,
  bodyTimeoutMs: config.bodyTimeoutMs,
  firstByteTimeoutMs: config.firstByteTimeoutMs,
  idleTimeoutMs: config.idleTimeoutMs,
  identityHoldMs: config.identityHoldMs,
  maxConnections: config.maxConnections,
  maxOperations: config.maxOperations,
  maxEnumerationKeys: config.maxEnumerationKeys,
  maxProvenanceWorkloads: config.maxProvenanceWorkloads,
  provenanceMs: config.provenanceMs,
  learnedMs: config.learnedDir === '' ? 0 : config.learnedEveryMs,
  newsMs: config.dataplanes > 1 || config.store !== null ? config.newsMs : 0,
  keys,
  maxOpenFindings: config.maxOpenFindings,
  findingQuietMs: config.findingQuietMs,
  driftAfterConnections: config.driftAfterConnections,
  driftAfterMs: config.driftAfterMs,
  recordQueue: config.recordQueue,
  traced: config.otlpUrl !== '' && config.otlpSignals !== 'logs',
  opaquePorts: config.opaquePorts,
  maxLimitBuckets: config.maxLimitBuckets,
  limitTickMs: config.limitTickMs,
  inboundIdleMs: config.inboundIdleMs,
  beatMs: Math.floor(config.gateTimeoutMs / 3),
});
