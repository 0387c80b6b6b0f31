import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { Duplex } from 'node:stream';
import { DIAL } from '../process/scripts.ts';
import { DIE_WITH_PARENT } from './capabilities.ts';

/**
 * A connection to `port` of loopback inside a network namespace, as a container runtime makes it for a port-forward:
 * by a process that enters. Rejects with why nothing accepts there.
 */
export async function dialInside(netnsFile: string, port: number): Promise<Duplex> {
  const [program, ...args] = [...DIE_WITH_PARENT, 'nsenter', `--net=${netnsFile}`, process.execPath, DIAL];
  const child = spawn(program ?? '', [...args, `${port}`], { stdio: ['pipe', 'pipe', 'pipe', 'pipe'] });
  const [input, output, complaint, connected] = child.stdio;
  if (connected === null || connected === undefined || !('read' in connected)) throw new Error('no pipes');
  let why = '';
  complaint?.setEncoding('utf8').on('data', (text: string) => {
    why += text;
  });
  input?.on('error', () => {});
  await Promise.race([
    once(connected, 'data'),
    once(child, 'close').then(() => Promise.reject(new Error(why.trim() || 'the connection was not made'))),
  ]);
  const stream = Duplex.from({ readable: output, writable: input });
  stream.on('close', () => child.kill('SIGKILL'));
  child.on('exit', () => stream.destroyed || input?.destroy());
  return stream;
}
