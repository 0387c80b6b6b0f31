import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'rolldown';

// `node scripts/build.ts`: bundles the agent into `agent/dist`. A process that runs from there needs no compiler in
// its memory and loads of each library only what is used; whatever runs from the sources needs no build.

const AGENT = join(import.meta.dirname, '../agent');
const OUT = join(AGENT, 'dist');

/** Programs: every other file goes into what they share. The same paths as in `src`, see `program-file.ts`. */
const PROGRAMS = ['cli/main', 'roles/dataplane', 'roles/capture-worker'];

/** The sandbox is for development, and as large as the rest: it runs from the sources only, where `bin` sees to that. */
const NO_SANDBOX = `export function sandboxCommand() { throw new Error('the sandbox needs a checkout'); }`;

/**
 * V8 keeps the text of a program in memory, every character in two bytes if a single one is beyond Latin-1. Without
 * comments, such characters are in strings and patterns only, where an escape means the same.
 */
const escaped = (character: string): string => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;

rmSync(OUT, { recursive: true, force: true });
await build({
  cwd: AGENT,
  platform: 'node',
  input: Object.fromEntries(PROGRAMS.map((name) => [name, `src/${name}.ts`])),
  // koffi is native code, which has to stay a file.
  external: ['koffi'],
  plugins: [
    {
      name: 'no-sandbox',
      load: { filter: { id: /\/cli\/sandbox\.ts$/ }, handler: () => NO_SANDBOX },
    },
    {
      name: 'latin1',
      generateBundle: (_, bundle) => {
        for (const chunk of Object.values(bundle))
          if (chunk.type === 'chunk') chunk.code = chunk.code.replaceAll(/[\u0100-\uffff]/g, escaped);
      },
    },
  ],
  treeshake: {
    // All of its models would stay otherwise, a thousand classes that nobody makes an object of: their modules fill
    // static fields, which counts as an effect.
    moduleSideEffects: [{ test: /@kubernetes\/client-node/, sideEffects: false }],
  },
  output: {
    dir: OUT,
    format: 'esm',
    entryFileNames: '[name].js',
    chunkFileNames: 'shared/[name]-[hash].js',
    // No comments and no white space; names stay, for whoever reads a stack.
    minify: { compress: false, mangle: false, codegen: { removeWhitespace: true, legalComments: 'none' } },
    comments: { legal: false, annotation: false, jsdoc: false },
  },
});
