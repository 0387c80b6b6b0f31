import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

/** Of the process that starts containers: podman would ask for more than a machine's own limits allow. */
const LIMITS = ['nofile=4096:4096', 'nproc=4096:4096'];

/** What the chart's `securityContext` says, in podman's words; the seccomp profile is the default one. */
const CONFINED = ['--read-only', '--read-only-tmpfs=false', '--cap-drop=all', '--security-opt=label=disable'];

/** A store of images and containers of its own, below one folder. */
export class Podman {
  readonly argv: readonly string[];
  readonly #store: string;

  constructor(folder: string) {
    this.#store = join(folder, 'store');
    this.argv = [
      'podman',
      `--root=${this.#store}`,
      `--runroot=${join(folder, 'run')}`,
      `--tmpdir=${join(folder, 'tmp')}`,
      '--cgroup-manager=cgroupfs',
    ];
  }

  /** What it prints; throws when it fails. */
  ask(...args: readonly string[]): string {
    const [program = '', ...options] = this.argv;
    const { status, stdout, stderr } = spawnSync(program, [...options, ...args], { encoding: 'utf8' });
    if (status !== 0) throw new Error(`podman ${args.join(' ')}: ${stderr}`);
    return stdout.trim();
  }

  /**
   * Command of a container that has what the chart gives an agent. It joins the namespaces for networks and cgroups of
   * whoever runs it, as a runtime would put it into the pod's.
   */
  confined(capabilities: readonly string[], args: readonly string[]): string[] {
    return [
      ...this.argv,
      'run',
      '--rm',
      '--network=host',
      '--cgroups=disabled',
      ...LIMITS.map((limit) => `--ulimit=${limit}`),
      ...CONFINED,
      ...capabilities.map((name) => `--cap-add=${name}`),
      ...args,
    ];
  }

  /** Lets go of the folder: podman leaves a mount there. */
  close(): void {
    spawnSync(this.argv[0] ?? '', [...this.argv.slice(1), 'image', 'unmount', '--all']);
    spawnSync('umount', ['--lazy', join(this.#store, 'overlay')]);
  }
}
