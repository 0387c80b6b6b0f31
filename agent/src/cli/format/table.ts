export interface Cell {
  readonly text: string;
  /** What is printed, when it is more than the text: the text with its colour. */
  readonly shown?: string;
}

const GAP = '   ';

/** Columns as wide as their widest cell, as kubectl prints them; nothing after the last cell of a row. */
export function table(header: readonly string[], rows: readonly (readonly (Cell | string)[])[]): string {
  const cells = [header, ...rows].map((row) =>
    row.map((cell) => (typeof cell === 'string' ? { text: cell } : cell)),
  );
  const widths = header.map((_, column) => Math.max(...cells.map((row) => row[column]?.text.length ?? 0)));
  return cells
    .map((row) =>
      row.map((cell, column) => padded(cell, column < row.length - 1 ? (widths[column] ?? 0) : 0)).join(GAP),
    )
    .map((line) => `${line.trimEnd()}\n`)
    .join('');
}

function padded({ text, shown = text }: Cell, width: number): string {
  return shown + ' '.repeat(Math.max(0, width - text.length));
}
