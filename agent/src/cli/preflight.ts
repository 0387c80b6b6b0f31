import type { Check } from '../preflight/check.ts';
import { runPreflight } from '../preflight/preflight.ts';
import { preflightText } from './format/preflight-text.ts';
import { readConfig } from './read-config.ts';
import { EXIT, type ExitCode, type Terminal } from './terminal.ts';

/** `eastwall preflight`: fails when the agent could not do its work here. */
export async function preflight(
  flags: Readonly<Record<string, string | undefined>>,
  output: 'text' | 'json',
  terminal: Pick<Terminal, 'out' | 'paint'>,
): Promise<ExitCode> {
  const config = readConfig(flags);
  if (config === null) return EXIT.usage;
  const checks: readonly Check[] = await runPreflight(config);
  terminal.out(
    output === 'json' ? `${JSON.stringify({ checks }, null, 2)}\n` : preflightText(checks, terminal.paint),
  );
  return checks.some(({ state }) => state === 'fatal') ? EXIT.failed : EXIT.ok;
}
