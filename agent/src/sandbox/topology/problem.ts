import { SandboxError } from '../sandbox-error.ts';

/** Steps from the top of a document to the value in question. */
export type Path = readonly PropertyKey[];

export interface PathProblem {
  readonly path: Path;
  readonly message: string;
}

/** `where` is `file:line:column`, or the path where there is no file. */
export interface TopologyProblem {
  readonly where: string;
  readonly message: string;
}

/** All that is wrong with a topology, one line each. */
export class TopologyError extends SandboxError {
  readonly problems: readonly TopologyProblem[];

  constructor(problems: readonly TopologyProblem[]) {
    super(problems.map(({ where, message }) => `${where}: ${message}`).join('\n'));
    this.problems = problems;
  }
}

/** `pods[2].ports[0]` */
export const pathText = (path: Path): string =>
  path
    .map((step) => (typeof step === 'number' ? `[${step}]` : `.${String(step)}`))
    .join('')
    .replace(/^\./, '');
