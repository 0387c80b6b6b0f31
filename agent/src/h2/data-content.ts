import type { CurrentFrame } from './frame-walker.ts';

/** Finds the content in the payload of a DATA frame that comes in pieces: what is not padding (RFC 9113 §6.1). */
export class DataContent {
  /** The content of the piece looked at last. */
  start = 0;
  end = 0;
  private at = 0;
  private first = 0;
  private last = 0;
  private length = 0;

  begin({ length, padding }: CurrentFrame): void {
    this.at = 0;
    this.length = length;
    // `padding` counts the byte that says how much of it stands at the end.
    this.first = padding > 0 ? 1 : 0;
    this.last = length - Math.max(0, padding - 1);
  }

  /** The whole payload was looked at. */
  get complete(): boolean {
    return this.at === this.length;
  }

  /** Looks at the next piece. True when it has content. */
  take(start: number, end: number): boolean {
    this.start = start + Math.max(0, this.first - this.at);
    this.end = Math.min(end, start + this.last - this.at);
    this.at += end - start;
    return this.start < this.end;
  }
}
