import { describe, expect, it } from 'vitest';
import { buildProgram } from '../program.ts';
import { EXIT } from '../terminal.ts';
import { completionsOf } from './completions.ts';

const program = buildProgram({ code: EXIT.ok });
const complete = (...words: string[]): string[] =>
  completionsOf(program, words)
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => line.split('\t')[0] ?? '');

describe('completions', () => {
  it('are commands, with what they do, and never the hidden one', () => {
    expect(completionsOf(program, ['tai'])).toBe('tail\tfollow what is blocked, or would be\n');
    expect(complete('')).toEqual(expect.arrayContaining(['tail', 'status', 'findings', 'help']));
    expect(complete('__')).toEqual([]);
    expect(complete('findings', '')).toContain('show');
  });

  it('are flags of the innermost command that was named', () => {
    expect(complete('tail', '--fr')).toEqual(['--from', '--from-labels']);
    expect(complete('findings', 'show', '--w')).toEqual([]);
    expect(complete('findings', '-n', 'show', '--w')).toEqual(['--watch']);
    expect(complete('findings', '--namespace=show', '--w')).toEqual(['--watch']);
  });

  it('are the values that a flag or an argument takes', () => {
    expect(complete('status', '-o', '')).toEqual(['wide', 'json', 'yaml']);
    expect(complete('status', '--output', 'y')).toEqual(['yaml']);
    expect(complete('status', '--output', '=', 'y')).toEqual(['yaml']);
    expect(complete('status', '--output=y')).toEqual(['--output=yaml']);
    expect(complete('completion', 'z')).toEqual(['zsh']);
  });

  it('are names of files where a path belongs, and nothing where nobody can know', () => {
    expect(complete('tail', '--kubeconfig', '/')).toEqual([':files']);
    expect(complete('tail', '-n', '')).toEqual([]);
    expect(complete()).toEqual(complete(''));
  });
});
