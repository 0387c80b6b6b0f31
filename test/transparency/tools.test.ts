import { execFileSync } from 'node:child_process';
import { copyFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Files } from './files.ts';
import { clientFile, serverFile, serving } from './topology.ts';
import { bash, START_MS, Twins } from './twins.ts';

const files = new Files();
let twins: Twins;
let checksum: string;

beforeAll(async () => {
  copyFileSync(serverFile('git.conf'), files.join('git.conf'));
  checksum = files.noise('large.bin', 64 << 20);
  for (const key of ['host_key', 'user_key']) {
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', files.join(key)]);
  }
  copyFileSync(files.join('user_key.pub'), files.join('authorized_keys'));
  twins = await Twins.start(
    serving([
      { name: 'git', command: ['sh', serverFile('git.sh'), files.path], ports: [8080] },
      { name: 'ssh', command: ['sh', serverFile('sshd.sh'), files.path], ports: [2222] },
      { name: 'mail', command: ['/usr/bin/python3', serverFile('mail.py')], ports: [8025] },
    ]),
    ['--first-byte-timeout', '1s', '--head-timeout', '1s'],
  );
}, START_MS);
afterAll(async () => {
  await twins?.[Symbol.asyncDispose]();
  files[Symbol.dispose]();
});

describe('git over smart HTTP', () => {
  test('push, clone, fetch, and refusal of what is no fast-forward', async () => {
    // The same commits wherever they are made: time and author are fixed.
    const { stdout } = await twins.same({
      service: 'git',
      protocol: 'http1',
      exchanges: 12,
      command: bash(`
        export GIT_AUTHOR_DATE='@1700000000 +0000' GIT_COMMITTER_DATE='@1700000000 +0000'
        export GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@b GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@b
        url=http://git.apps:8080/$(hostname).git
        git init -q -b main one && cd one
        git config http.postBuffer 100000
        head -c 20000000 ${files.join('large.bin')} >noise; seq 1 100000 >numbers
        git add . && git commit -q -m first
        git push -q $url main
        for i in $(seq 50); do echo $i >>numbers; git commit -q -a -m "change $i"; done
        git push -q $url main
        cd .. && git clone -q $url two && git -C two fsck --full && git -C two rev-parse HEAD
        git -C two log --oneline | wc -l
        cd one && echo more >>numbers && git commit -q -a -m more && git push -q $url main
        git -C ../two pull -q && git -C ../two rev-parse HEAD
        git reset -q --hard HEAD~5 && git push -q $url main 2>/dev/null || echo refused`),
    });
    expect(stdout).toContain('\n51\n');
    expect(stdout).toContain('refused');
  });
});

describe('SSH', () => {
  const options = [
    '-q',
    ['-i', files.join('user_key')],
    ['-o', 'StrictHostKeyChecking=no'],
    ['-o', 'UserKnownHostsFile=/dev/null'],
  ]
    .flat()
    .join(' ');

  test.each([
    [
      'a command',
      `ssh ${options} -p 2222 somebody@ssh.apps 'echo out; echo err >&2; cat; exit 7' </dev/null || echo $?`,
      'out\n7',
    ],
    [
      '64 MiB into a command',
      `ssh ${options} -p 2222 somebody@ssh.apps sha256sum <${files.join('large.bin')}`,
      '',
    ],
    [
      'scp to it',
      `scp ${options} -P 2222 ${files.join('large.bin')} somebody@ssh.apps:$SCRATCH/copy; sha256sum <copy`,
      '',
    ],
    [
      'scp from it',
      `scp ${options} -P 2222 somebody@ssh.apps:${files.join('large.bin')} copy; sha256sum <copy`,
      '',
    ],
    ['a silence', `ssh ${options} -p 2222 somebody@ssh.apps 'sleep 2.5; echo awake'`, 'awake'],
  ])('%s', async (_name, line, part) => {
    const { stdout } = await twins.same({ service: 'ssh', protocol: 'opaque', command: bash(line) });
    expect(stdout).toContain(part === '' ? checksum : part);
  });

  test('a forwarded port', async () => {
    const forward = `ssh ${options} -p 2222 -N -L 9000:mail.apps:8025 somebody@ssh.apps & tunnel=$!`;
    const greeting = `until exec 3<>/dev/tcp/127.0.0.1/9000; do sleep 0.1; done 2>/dev/null; read -r line <&3; echo "$line"`;
    const { stdout } = await twins.same({
      service: 'ssh',
      protocol: 'opaque',
      outcomes: ['ok', 'caller_reset'],
      command: bash(`${forward}; ${greeting}; kill $tunnel`),
    });
    expect(stdout).toMatch(/^220 /);
  });
});

describe('SMTP', () => {
  test('smtplib: a small mail, a large one, and refusals', async () => {
    const command = ['/usr/bin/python3', clientFile('smtp.py'), 'mail.apps', '8025'];
    const { stdout } = await twins.same({ service: 'mail', protocol: 'opaque', command });
    expect(stdout).toMatch(/250, b"5\d{6} [0-9a-f]{64} /);
  });
});
