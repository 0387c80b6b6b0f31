export type Colour = 'red' | 'green' | 'yellow' | 'magenta' | 'cyan' | 'dim' | 'bold';

/** Wraps text in a colour, or leaves it as it is. */
export type Paint = (colour: Colour, text: string) => string;

const CODES: Readonly<Record<Colour, number>> = {
  bold: 1,
  dim: 2,
  red: 31,
  green: 32,
  yellow: 33,
  magenta: 35,
  cyan: 36,
};

export const plain: Paint = (_, text) => text;
export const ansi: Paint = (colour, text) => `\u001b[${CODES[colour]}m${text}\u001b[0m`;

/** Colours on a terminal only; `NO_COLOR` and `FORCE_COLOR` are what other tools go by too. */
export function choosePaint(isTerminal: boolean, env: Readonly<Record<string, string | undefined>>): Paint {
  const forced = env['FORCE_COLOR'];
  if (forced !== undefined && forced !== '0') return ansi;
  if (env['NO_COLOR'] !== undefined && env['NO_COLOR'] !== '') return plain;
  return isTerminal && forced !== '0' && env['TERM'] !== 'dumb' ? ansi : plain;
}
