import { CommanderError } from 'commander';
import { buildProgram, type Outcome } from './program.ts';
import { EXIT } from './terminal.ts';

/** The command line's entry: the only place that ends the process. */
async function main(args: readonly string[]): Promise<number> {
  const outcome: Outcome = { code: EXIT.ok };
  const program = buildProgram(outcome);
  try {
    await program.parseAsync(args, { from: 'user' });
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
    process.stderr.write(`eastwall: ${error instanceof Error ? error.message : error}\n`);
    return EXIT.failed;
  }
  return process.exitCode === undefined ? outcome.code : Number(process.exitCode);
}

process.exit(await main(process.argv.slice(2)));
