import { codeOf } from '../kernel/errno.ts';
import { messageOf } from '../kernel/message-of.ts';

/** What an operator can do something about, in words. */
const REASONS: Readonly<Record<string, string>> = {
  ENOSPC: 'no space is left on its disk',
  EDQUOT: 'its disk quota is used up',
  EACCES: 'the agent may not write there',
  EPERM: 'the agent may not write there',
  EROFS: 'its file system is read-only',
  ENOTDIR: 'a part of its path is no directory',
  EIO: 'its disk does not answer as it should',
};

/** Why nothing can be written at a path: one sentence for `eastwall status`. */
export function diskProblem(path: string, error: unknown): string {
  const code = codeOf(error);
  const said = messageOf(error);
  const why = Object.hasOwn(REASONS, code) ? `${REASONS[code]} (${code})` : said;
  return `\`${path}\`: ${why}`;
}
