import type { KubeObject } from '../object.ts';
import { age } from './age.ts';
import { at, textAt } from './read.ts';

export type Cell = string | number | boolean | null;

/** One column of a Table: its heading and how to fill it. */
export interface Column {
  readonly name: string;
  readonly type: string;
  readonly format: string;
  readonly description: string;
  /** 1 shows with `-o wide` only. */
  readonly priority: number;
  /** `now` in milliseconds since the epoch, for ages. */
  cell(object: KubeObject, now: number): Cell;
}

export const column = (name: string, cell: Column['cell'], priority = 0): Column => ({
  name,
  type: 'string',
  format: '',
  description: '',
  priority,
  cell,
});

export const wide = (name: string, cell: Column['cell']): Column => column(name, cell, 1);

/** The text at a path, `<none>` where there is none. */
export const field = (name: string, path: string, priority = 0): Column =>
  column(name, (object) => textAt(object, path, '<none>'), priority);

export const NAME: Column = { ...column('Name', (object) => object.metadata.name), format: 'name' };

export const AGE: Column = column('Age', (object, now) => age(at(object, 'metadata.creationTimestamp'), now));
