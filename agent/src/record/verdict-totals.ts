import type { Decision } from '@eastwall/policy';

/** How often one rule, default or guard decided. */
export interface VerdictCell extends Pick<Decision, 'policy' | 'rule' | 'reason' | 'verdict'> {
  readonly exchanges: number;
}

interface OpenCell {
  readonly decision: Decision;
  exchanges: number;
}

/** Counts decisions by what they say: objects may be made for one request, but there are only so many rules. */
export class VerdictTotals {
  /** By policy. */
  #cells = new Map<string | null, OpenCell[]>();

  count(decision: Decision): void {
    let cells = this.#cells.get(decision.policy);
    if (cells === undefined) {
      cells = [];
      this.#cells.set(decision.policy, cells);
    }
    for (const cell of cells)
      if (saysTheSame(cell.decision, decision)) {
        cell.exchanges++;
        return;
      }
    cells.push({ decision, exchanges: 1 });
  }

  /** What was counted since the last call. */
  drain(): VerdictCell[] {
    const cells = [...this.#cells.values()].flat();
    this.#cells = new Map();
    return cells.map(({ decision: { policy, rule, reason, verdict }, exchanges }) => ({
      policy,
      rule,
      reason,
      verdict,
      exchanges,
    }));
  }
}

const saysTheSame = (a: Decision, b: Decision): boolean =>
  a === b || (a.rule === b.rule && a.reason === b.reason && a.verdict === b.verdict && a.policy === b.policy);
