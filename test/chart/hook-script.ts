import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { CHART } from './helm.ts';

/** An agent as far as the chart's scripts ask it; its port. */
export async function agentThat(answer: RequestListener): Promise<number> {
  const server: Server = createServer(answer).listen(0, '127.0.0.1');
  onTestFinished(() => void server.close());
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

/** Runs a script of the chart as its pod does. */
export async function runScript(
  name: string,
  ...args: readonly (string | number)[]
): Promise<[code: number, output: string]> {
  const script = readFileSync(join(CHART, 'files', name), 'utf8');
  const argv = ['--input-type=module', '-e', script, ...args.map(String)];
  const child = spawn(process.execPath, argv, { timeout: 60_000 });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  const [code] = (await once(child, 'close')) as [number];
  return [code, output.trim()];
}
