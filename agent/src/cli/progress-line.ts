/** What is quick needs no line that flickers. */
const DELAY_MS = 300;
const STEP_MS = 100;
const FRAMES = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];
const ERASE = '\r\u001b[K';

/** One line that says what is waited for, and leaves no trace; nothing where there is no terminal. */
export class ProgressLine {
  readonly #output: Pick<NodeJS.WriteStream, 'isTTY' | 'write'>;
  #text: string | null = null;
  #timer: NodeJS.Timeout | null = null;
  #frame = 0;
  #shown = false;

  constructor(output: Pick<NodeJS.WriteStream, 'isTTY' | 'write'>) {
    this.#output = output;
  }

  show(text: string | null): void {
    if (!this.#output.isTTY) return;
    this.#text = text;
    if (text !== null) this.#timer ??= setTimeout(() => this.#step(), DELAY_MS).unref();
    else this.#clear();
  }

  #step(): void {
    this.#output.write(`${ERASE}${FRAMES[this.#frame++ % FRAMES.length]} ${this.#text}`);
    this.#shown = true;
    this.#timer = setTimeout(() => this.#step(), STEP_MS).unref();
  }

  #clear(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    if (this.#shown) this.#output.write(ERASE);
    this.#shown = false;
  }
}
