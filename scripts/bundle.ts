import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'rolldown';

export const AGENT = join(import.meta.dirname, '../agent');

export interface BundleOptions {
  /** Where it goes; what was there before is removed. */
  readonly out: string;
  /** Every other file goes into what they share. The same paths as in `src`, see `program-file.ts`. */
  readonly programs: readonly string[];
  /** Commands, by their files, that are left out, and what they say instead. */
  readonly without: Readonly<Record<string, string>>;
  /** As small as can be, names included; else names stay, for whoever reads a stack. */
  readonly small?: boolean;
}

/**
 * V8 keeps the text of a program in memory, every character in two bytes if a single one is beyond Latin-1. Without
 * comments, such characters are in strings and patterns only, where an escape means the same.
 */
const escaped = (character: string): string => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;

/** Bundles programs of the agent, so that they need no compiler and load of each library only what is used. */
export async function bundle({ out, programs, without, small = false }: BundleOptions): Promise<void> {
  rmSync(out, { recursive: true, force: true });
  await build({
    cwd: AGENT,
    platform: 'node',
    input: Object.fromEntries(programs.map((name) => [name, `src/${name}.ts`])),
    // koffi is native code, which has to stay a file.
    external: ['koffi'],
    plugins: [
      {
        name: 'left-out',
        load: {
          filter: { id: new RegExp(`/cli/(${Object.keys(without).join('|')})\\.ts$`) },
          handler: (id) => leftOut(without[/(\w+)\.ts$/.exec(id)?.[1] ?? ''] ?? ''),
        },
      },
      {
        name: 'latin1',
        generateBundle: (_, chunks) => {
          for (const chunk of Object.values(chunks))
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
      dir: out,
      format: 'esm',
      entryFileNames: '[name].js',
      chunkFileNames: 'shared/[name]-[hash].js',
      minify: {
        compress: small,
        mangle: small,
        codegen: { removeWhitespace: true, legalComments: 'none' },
      },
      comments: { legal: false, annotation: false, jsdoc: false },
    },
  });
}

/** What the commands' files export. */
const leftOut = (why: string): string =>
  ['sandboxCommand', 'runAgent', 'preflight']
    .map((name) => `export function ${name}() { throw new Error(${JSON.stringify(why)}); }`)
    .join('\n');
