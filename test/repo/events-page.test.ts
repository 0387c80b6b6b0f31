import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { ocsfPage } from '../../scripts/ocsf-page.ts';
import { ROOT } from './imports.ts';

it('the page of events is what `node scripts/generate-events.ts` writes', () => {
  expect(readFileSync(join(ROOT, 'docs/reference/ocsf.md'), 'utf8')).toBe(ocsfPage());
});
