import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';

/**
 * Puts shell scripts in front of tools of iptables on the PATH, for agents made until it is disposed of. In a script,
 * `$tool` is what it stands for.
 */
export function insteadOfTools(names: readonly string[], script: string): Disposable {
  const { PATH = '' } = process.env;
  const directory = mkdtempSync('/run/tools-');
  for (const name of names) {
    const path = `${directory}/${name}`;
    writeFileSync(path, `#!/bin/sh\ntool=$(PATH="${PATH}" command -v ${name})\n${script}\n`);
    chmodSync(path, 0o755);
  }
  process.env['PATH'] = `${directory}:${PATH}`;
  return {
    [Symbol.dispose]: () => {
      process.env['PATH'] = PATH;
      rmSync(directory, { recursive: true });
    },
  };
}
