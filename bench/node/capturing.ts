import { CaptureClient } from '../../agent/src/capture/client.ts';
import type { CaptureEvent, CaptureOptions } from '../../agent/src/capture/protocol.ts';

const HOUR_MS = 3_600_000;

type Enrolled = Extract<CaptureEvent, { kind: 'enrolled' }>;

/** The part of an agent that enters namespaces, on a thread of its own as in an agent, and when it has enrolled which. */
export class Capturing {
  readonly client: CaptureClient;
  readonly #enrolled = new Map<
    string,
    PromiseWithResolvers<{ readonly event: Enrolled; readonly at: number }>
  >();
  readonly #ready = Promise.withResolvers<string>();

  private constructor(rules: CaptureOptions['rules']) {
    const options: CaptureOptions = {
      netnsDir: '/run/netns',
      // Only what is measured happens.
      reconcileIntervalMs: HOUR_MS,
      proofIntervalMs: HOUR_MS,
      gateTimeoutMs: HOUR_MS,
      excludedNamespaces: [],
      exemption: 'auto',
      rules,
      failMode: 'open',
      quic: 'count',
      inbound: 'auto',
      packetGuard: 'auto',
      nodeAddresses: [],
    };
    this.client = new CaptureClient(options, {
      onEvent: (event) => this.#receive(event),
      onCrash: (error) => this.#ready.reject(error),
    });
    this.client.begin([]);
  }

  /** Once it knows what the kernel can do; that is what rules are made of. */
  static async start(rules: CaptureOptions['rules']): Promise<{ capturing: Capturing; engine: string }> {
    const capturing = new Capturing(rules);
    return { capturing, engine: await capturing.#ready.promise };
  }

  /** When the rules of the namespace at that path were in place, and this thread had heard of it. */
  enrolled(path: string): Promise<{ readonly event: Enrolled; readonly at: number }> {
    return this.#waiting(path).promise;
  }

  #receive(event: CaptureEvent): void {
    if (event.kind === 'ready') this.#ready.resolve(event.rules ?? `nothing: ${event.problem}`);
    else if (event.kind === 'failed') this.#waiting(event.path).reject(new Error(event.problem));
    else if (event.kind === 'enrolled') this.#waiting(event.path).resolve({ event, at: performance.now() });
  }

  #waiting(path: string): PromiseWithResolvers<{ readonly event: Enrolled; readonly at: number }> {
    const waiting = this.#enrolled.get(path) ?? Promise.withResolvers();
    this.#enrolled.set(path, waiting);
    return waiting;
  }
}
