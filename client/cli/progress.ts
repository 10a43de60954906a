/** The part of a terminal's stream that progress needs. */
export interface ProgressStream {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

/** Work that is over sooner shows nothing. */
const PATIENCE_MS = 500;
const REDRAW_MS = 100;
const BAR_WIDTH = 24;
/** Where the terminal does not say, or says 0. */
const USUAL_WIDTH = 80;
const START_OF_LINE = '\r\u001b[K';

/** A line on the terminal while something takes long; nothing at all where stderr is a file or a pipe. */
export class Progress {
  readonly #label: string;
  readonly #stream: ProgressStream;
  readonly #started = performance.now();
  readonly #timer: NodeJS.Timeout | undefined;
  #share: number | undefined;
  #drawn: number | undefined;

  constructor(label: string, stream: ProgressStream) {
    this.#label = label;
    this.#stream = stream;
    // Work whose share is unknown still shows that it goes on.
    if (stream.isTTY === true) this.#timer = setInterval(() => this.#draw(), REDRAW_MS).unref();
  }

  /** `share`: the part that is done, 0 to 1. */
  update(share: number): void {
    this.#share = Math.min(1, Math.max(0, share));
    // A busy event loop lets no timer through.
    if (this.#timer !== undefined && performance.now() - (this.#drawn ?? 0) >= REDRAW_MS) this.#draw();
  }

  /** Takes the line away. */
  end(): void {
    clearInterval(this.#timer);
    if (this.#drawn !== undefined) this.#stream.write(START_OF_LINE);
    this.#drawn = undefined;
  }

  #draw(): void {
    const now = performance.now();
    const elapsed = now - this.#started;
    if (elapsed < PATIENCE_MS) return;
    this.#drawn = now;
    const line = `${this.#label} ${bar(this.#share, elapsed)}`;
    // A line that wraps could not be taken away again.
    const width = this.#stream.columns || USUAL_WIDTH;
    this.#stream.write(START_OF_LINE + line.slice(0, width - 1));
  }
}

function bar(share: number | undefined, elapsed: number): string {
  const seconds = `${Math.floor(elapsed / 1000)} s`;
  if (share === undefined) {
    const at = Math.floor(elapsed / REDRAW_MS) % BAR_WIDTH;
    return `[${' '.repeat(at)}#${' '.repeat(BAR_WIDTH - 1 - at)}] ${seconds}`;
  }
  const filled = Math.floor(share * BAR_WIDTH);
  return `[${'#'.repeat(filled)}${' '.repeat(BAR_WIDTH - filled)}] ${Math.floor(share * 100)} % ${seconds}`;
}
