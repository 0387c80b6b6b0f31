import { execFileSync } from 'node:child_process';
import { expect, it } from 'vitest';

/** In a network namespace of its own, for which nothing but a user namespace is needed. */
const script = `
  import { execFileSync } from 'node:child_process';
  import { nftablesGeneration } from ${JSON.stringify(new URL('libc-nftables.ts', import.meta.url).href)};
  const iptables = (...args) => execFileSync('iptables-nft', args);
  const seen = [nftablesGeneration(), nftablesGeneration()];
  iptables('-t', 'nat', '-A', 'OUTPUT', '-j', 'ACCEPT');
  seen.push(nftablesGeneration(), nftablesGeneration());
  iptables('-t', 'nat', '-F');
  seen.push(nftablesGeneration());
  console.log(JSON.stringify(seen));
`;

it('counts the changes that anybody makes to the rules, and nothing else', () => {
  const args = ['-Urn', process.execPath, '--input-type=module-typescript', '-e', script];
  const [empty, same, one, still, two] = JSON.parse(execFileSync('unshare', args, { encoding: 'utf8' }));
  expect(empty).toBeTypeOf('number');
  expect(same).toBe(empty);
  expect(one).not.toBe(empty);
  expect(still).toBe(one);
  expect(two).not.toBe(one);
});
