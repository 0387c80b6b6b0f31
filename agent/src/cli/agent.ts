import { type Logger, pino } from 'pino';
import { type App, startApp } from '../app.ts';
import type { Config } from '../config/load.ts';
import { readVersion } from '../config/version.ts';
import { readConfig } from './read-config.ts';
import { EXIT, type ExitCode } from './terminal.ts';

/** Beyond the grace: enough to remove the rules of a full node, and short of what a kubelet waits. */
const EXIT_SLACK_MS = 15_000;

/** `eastwall agent`: runs until it is told to stop, or until a part has failed that it can't go on without. */
export async function runAgent(flags: Readonly<Record<string, string | undefined>>): Promise<ExitCode> {
  const config = readConfig(flags);
  if (config === null) return EXIT.usage;
  const log = pino({ level: config.logLevel, base: { node: config.node } });
  let app: App | null = null;
  const stopped = firstSignal(() => app?.hurry());
  app = await startApp({ config, version: readVersion(), log });
  log.info({ ...app.addresses, settings: config }, 'agent runs');
  const reason = await Promise.race([stopped, app.failed]);
  if (reason instanceof Error) log.fatal({ err: reason }, 'agent can not go on');
  else log.info({ signal: reason, onExit: config.onExit }, 'agent stops');
  const clean = await shutDown(app, config, log);
  return clean && !(reason instanceof Error) ? EXIT.ok : EXIT.failed;
}

/** Those after the first are from somebody who does not want to wait. */
function firstSignal(further: () => void): Promise<NodeJS.Signals> {
  let signalled = false;
  return new Promise((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const)
      process.on(signal, () => {
        if (signalled) further();
        signalled = true;
        resolve(signal);
      });
  });
}

/** True when everything has ended as it should, rules included. */
async function shutDown(app: App, config: Config, log: Logger): Promise<boolean> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(
    () => late.reject(new Error('the agent did not stop in time')),
    config.drainMs + EXIT_SLACK_MS,
  );
  try {
    await Promise.race([app.shutdown(config.drainMs), late.promise]);
    log.info('agent has stopped');
    return true;
  } catch (error) {
    log.error({ err: error }, 'agent has not stopped cleanly');
    return false;
  } finally {
    clearTimeout(timer);
  }
}
