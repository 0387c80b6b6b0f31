import { get } from 'node:http';
import { connect } from 'node:net';
import type { Container, Probe } from '../cluster/objects.ts';
import { isV6 } from '../network/addresses.ts';
import { type Argv, succeeds } from '../process/run.ts';

export interface ProbeTarget {
  readonly container: Container;
  readonly ip: string;
  /** Turns a command into one that runs inside the container. */
  readonly enter: (command: readonly string[]) => Argv;
  readonly env: Readonly<Record<string, string>>;
}

/** Asks once whether the container is ready; sent from outside the pod's namespace, as a kubelet does. */
export async function probe(what: Probe, target: ProbeTarget): Promise<boolean> {
  const timeoutMs = (what.timeoutSeconds ?? 1) * 1000;
  if (what.tcpSocket !== undefined) {
    const port = portNumber(what.tcpSocket.port, target.container);
    return port !== undefined && (await accepts(target.ip, port, timeoutMs));
  }
  if (what.httpGet !== undefined) {
    const port = portNumber(what.httpGet.port, target.container);
    return port !== undefined && (await answers(httpUrl(target.ip, port, what.httpGet.path), timeoutMs));
  }
  if (what.exec !== undefined) {
    return succeeds(target.enter(what.exec.command), { timeoutMs, env: target.env });
  }
  return true;
}

export function portNumber(port: number | string, container: Container): number | undefined {
  if (typeof port === 'number') return port;
  return container.ports?.find(({ name }) => name === port)?.containerPort;
}

const httpUrl = (ip: string, port: number, path = '/'): string =>
  `http://${isV6(ip) ? `[${ip}]` : ip}:${port}${path}`;

function accepts(host: string, port: number, timeoutMs: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    const done = (open: boolean) => {
      socket.destroy();
      resolve(open);
    };
    socket.setTimeout(timeoutMs, () => done(false));
    socket.once('connect', () => done(true));
    socket.once('error', () => done(false));
  });
}

function answers(url: string, timeoutMs: number): Promise<boolean> {
  return new Promise((resolve) => {
    const request = get(url, { agent: false, timeout: timeoutMs }, (response) => {
      const status = response.statusCode ?? 0;
      response.destroy();
      resolve(status >= 200 && status < 400);
    });
    request.once('timeout', () => request.destroy());
    request.once('error', () => resolve(false));
    request.once('close', () => resolve(false));
  });
}
