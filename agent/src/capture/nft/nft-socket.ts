import { errnoText } from '../../kernel/errno.ts';
import { closeFd, type Fd } from '../../kernel/libc.ts';
import { askKernel } from '../../kernel/libc-netlink.ts';
import { err, ok, type Result } from '../../kernel/result.ts';
import { countersIn, fingerprintIn, generationIn, outcomeOf } from './answers.ts';
import {
  type Command,
  chainsRequest,
  countersRequest,
  generationRequest,
  onlyAt,
  rulesRequest,
  type TableName,
  transaction,
} from './batch.ts';

export interface LoadFailure {
  /** Number of the command that the kernel refuses, from 1; 0 when it refuses the whole. */
  readonly command: number;
  readonly text: string;
  /** Somebody has changed something since the generation that it was for. */
  readonly outdated: boolean;
}

/** `ERESTART`, of which Node does not know: the batch names a generation that is over. */
const ERESTART = 85;
/** The generation after a transaction. The kernel skips 0, which stands for any. */
export const after = (generation: number): number => (generation === 0xffffffff ? 1 : generation + 1);

/** nf_tables of one network namespace. Made inside it, used from anywhere; it pins the namespace until it is closed. */
export class NftSocket {
  readonly #fd: Fd;
  #closed = false;

  constructor(fd: Fd) {
    this.#fd = fd;
  }

  /** All of them or none, while nobody has changed anything since `generation`; null for in any case. */
  load(commands: readonly Command[], generation: number | null): Result<null, LoadFailure> {
    const batch = transaction(commands);
    onlyAt(batch, generation ?? 0);
    const outcome = outcomeOf(askKernel(this.#fd, batch));
    if (outcome.done) return ok(null);
    const { command, errno } = outcome;
    const what = commands[command - 1]?.what ?? 'transaction';
    const text = `nftables refuses the ${what}: ${errnoText(errno)}`;
    return err({ command, text, outdated: errno === -ERESTART });
  }

  /** The same bytes again, while nobody has changed anything since `generation`; 0 for in any case. */
  repeat(batch: Buffer, generation: number): boolean {
    onlyAt(batch, generation);
    return outcomeOf(askKernel(this.#fd, batch)).done;
  }

  /** It is another one after every transaction, of whoever. Null when the kernel does not tell. */
  generation(): number | null {
    return generationIn(askKernel(this.#fd, generationRequest()));
  }

  /** Chains and rules of these tables as one text. */
  fingerprint(tables: readonly TableName[]): string {
    return tables
      .flatMap((table) =>
        [chainsRequest(table), rulesRequest(table)].map((request) => [table, request] as const),
      )
      .map(([{ table }, request]) => fingerprintIn(askKernel(this.#fd, request), table))
      .join('\n');
  }

  counters(table: TableName): ReadonlyMap<string, number> {
    return countersIn(askKernel(this.#fd, countersRequest(table)));
  }

  close(): void {
    if (!this.#closed) closeFd(this.#fd);
    this.#closed = true;
  }
}
