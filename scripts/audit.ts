import { readFileSync } from 'node:fs';
import { readAudit } from './audit-answer.ts';

// `npm audit --omit=dev --json | node scripts/audit.ts`: fails when something is known against a package. A registry
// that does not answer is said, and is no failure, since it says nothing about the packages; with `answer` it is one.

const answer = readAudit(readFileSync(0, 'utf8'));
if (answer.kind === 'clean') process.stdout.write('audit: nothing is known against any package\n');
if (answer.kind === 'unanswered') {
  process.stderr.write(`audit: not done, ${answer.reason}\n`);
  if (process.argv[2] === 'answer') process.exitCode = 1;
}
if (answer.kind === 'vulnerable') {
  for (const line of answer.packages) process.stderr.write(`audit: ${line}\n`);
  process.exitCode = 1;
}
