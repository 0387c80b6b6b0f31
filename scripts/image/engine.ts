import { spawnSync } from 'node:child_process';

/** docker or podman: whatever builds images here, by the commands that both understand. */
export interface Engine {
  readonly kind: 'docker' | 'podman';
  /** Runs a command of the engine's; its output is shown. Throws when it fails. */
  run(...args: readonly string[]): void;
  /** The same, and returns what it prints. */
  ask(...args: readonly string[]): string;
}

/** The first that answers; `command` (`podman --root /there`) takes the choice away. */
export function findEngine(command: string | undefined): Engine {
  const candidates = command === undefined ? [['docker'], ['podman']] : [command.split(' ')];
  const found = candidates.find((argv) => spawnSync(argv[0] ?? '', [...argv.slice(1), 'info']).status === 0);
  if (found === undefined)
    throw new Error(`no ${candidates.map(([name]) => name).join(' or ')} answers here`);
  return engine(found);
}

function engine([program = '', ...options]: readonly string[]): Engine {
  const kind = program.endsWith('podman') ? 'podman' : 'docker';
  // podman builds with a container per step, which takes more rights than its `chroot`.
  const env = { BUILDAH_ISOLATION: 'chroot', ...process.env };
  const call = (args: readonly string[], stdout: 'inherit' | 'pipe') => {
    const result = spawnSync(program, [...options, ...args], {
      stdio: ['ignore', stdout, 'inherit'],
      encoding: 'utf8',
      env,
    });
    if (result.status !== 0) throw new Error(`\`${program} ${args.join(' ')}\` failed`);
    return result.stdout ?? '';
  };
  return {
    kind,
    run: (...args) => void call(args, 'inherit'),
    ask: (...args) => call(args, 'pipe').trim(),
  };
}
