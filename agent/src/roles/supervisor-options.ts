import type { LeaseAsk } from '@eastwall/policy';
import type { DataplaneSettings, Family, FromDataplane, NamespaceId, ToDataplane } from '../ipc/messages.ts';
import type { Learned } from '../record/learned.ts';
import type { DataplaneCommand } from './dataplane-command.ts';
import type { DescriptorSource } from './descriptor-source.ts';
import type { Snapshot } from './snapshot.ts';

export interface SupervisorLog {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

export interface SupervisorOptions {
  readonly count: number;
  readonly command: DataplaneCommand;
  readonly settings: DataplaneSettings;
  readonly restartDelayMs: number;
  readonly maxRestartDelayMs: number;
  /** A dataplane that says nothing for so long is ended, and started anew. */
  readonly hangTimeoutMs: number;
  readonly snapshot: Snapshot;
  readonly descriptors: DescriptorSource;
  readonly log: SupervisorLog;
  /** Every dataplane serves, for the first time or again. */
  readonly onServing: () => void;
  /** A dataplane is alive and accepts for these namespaces, all of them its own. */
  readonly onBeat: (namespaces: readonly NamespaceId[]) => void;
  /** The dataplane that accepted for these namespaces has ended. */
  readonly onUnserved: (namespaces: readonly NamespaceId[]) => void;
  /** A connection that was made to prove interception has come to the dataplane that serves the namespace. */
  readonly onProof: (ns: NamespaceId, family: Family, port: number) => void;
  /** A dataplane asks for tokens; `answer` goes to that one, if it still lives. */
  readonly onAsks: (asks: readonly LeaseAsk[], answer: (message: ToDataplane) => void) => void;
  /** A dataplane wants to see what comes to that pod, or does not want to any more. */
  readonly onInboundWanted: (ns: NamespaceId, wanted: boolean | 'later') => void;
  /** What a dataplane wants others to hear: of its own workloads only. */
  readonly onNews: (news: DataplaneNewsReport, dataplane: number) => void;
  /** What dataplanes have learnt, for one that begins; and what one says that it has. */
  readonly learned: () => readonly Learned[];
  readonly onLearned: (message: LearnedReport, dataplane: number) => void;
  /** What is for the sinks; the supervisor itself acts on everything else. */
  readonly onReport: (report: SinkReport, dataplane: number) => void;
}

export type DataplaneNewsReport = Extract<FromDataplane, { kind: 'news' }>;

export type LearnedReport = Extract<FromDataplane, { kind: 'learned' }>;

/** What dataplanes tell whoever keeps and shows it. */
export type SinkReport = Extract<
  FromDataplane,
  { kind: 'records' | 'totals' | 'findings' | 'quarantine' | 'catalog' }
>;
