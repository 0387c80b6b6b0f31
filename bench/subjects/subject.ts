import type { Protocol } from '../cluster/names.ts';

/** Where a subject runs and whom it forwards to. */
export interface Stage {
  /** For configuration files; a directory of its own for every subject. */
  readonly directory: string;
  readonly backendIp: string;
  /** Of the Service that speaks no HTTP. */
  readonly streamIp: string;
}

/** Something that stands between caller and backend. */
export interface Subject {
  readonly name: string;
  /** Its name as people write it, with what bounds it. */
  readonly title: string;
  /** What it can forward from end to end; it sits out the scenarios in anything else. */
  readonly protocols: readonly Protocol[];
  readonly runs: /** Nothing at all: what the caller and the backend do on their own. */
    | { readonly as: 'nothing' }
    /** The agent, which intercepts calls to the backend's own address. */
    | { readonly as: 'agent' }
    /** A program beside the caller, in its pod, whom the caller has to know; `command` writes its configuration first. */
    | { readonly as: 'peer'; readonly command: Command }
    /** The same, but calls to the backend's own address get to it; those of `user`, as whom it runs, to the backend. */
    | { readonly as: 'interceptor'; readonly command: Command; readonly user: number };
}

type Command = (stage: Stage) => string[];
