import { type Command, CommanderError } from 'commander';
import { messageOf } from '../kernel/message-of.ts';
import { buildProgram, type Outcome } from './program.ts';
import { EXIT } from './terminal.ts';

/** The command line's entry: the only place that ends the process. */
async function main(args: readonly string[]): Promise<number> {
  const outcome: Outcome = { code: EXIT.ok };
  const program = buildProgram(outcome);
  await addSandbox(program, args);
  try {
    await program.parseAsync(args, { from: 'user' });
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
    process.stderr.write(`eastwall: ${messageOf(error)}\n`);
    return EXIT.failed;
  }
  return process.exitCode === undefined ? outcome.code : Number(process.exitCode);
}

/** The sandbox is a program of its own, as large as the rest: loaded only when it is what was asked for. */
async function addSandbox(program: Command, [first]: readonly string[]): Promise<void> {
  if (first === 'sandbox') {
    const { sandboxCommand } = await import('./sandbox.ts');
    program.addCommand(sandboxCommand());
  } else {
    program.command('sandbox').description('a cluster on this machine, without Kubernetes and without root');
  }
}

process.exit(await main(process.argv.slice(2)));
