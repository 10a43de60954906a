import type { AttentionRule, Expression, Property } from '../generated/ast.ts';
import type { Comment, Gap, Source } from './format-source.ts';

export const WIDTH = 120;
export const INDENT = 2;

/** White space that replaces what stands between two offsets. */
export interface Space {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** What goes into a gap. */
interface Separator {
  /** Between words of one line. */
  readonly flat: string;
  /** Is the next word on a line of its own? */
  readonly broken: boolean;
  /** Levels of the next word when it is, and of comments that begin a line. */
  readonly indent: number;
  readonly blank: Blank;
}

/** Where in a gap one blank line may stay: before its first comment, between comments, before the word. */
export interface Blank {
  readonly first: boolean;
  readonly middle: boolean;
  readonly last: boolean;
  /** One is written where there is none. */
  readonly always?: boolean;
}

const NO_BLANK: Blank = { first: false, middle: false, last: false };
export const BLANK: Blank = { first: true, middle: true, last: true };

/** How wide everything is on one line. */
export interface Measures {
  /** Width of the gap before each word. */
  readonly gaps: readonly number[];
  /** Width of all words and gaps before each gap. */
  readonly before: readonly number[];
  /** Number of broken gaps before each gap. */
  readonly breaks: readonly number[];
}

/** The tree and the words disagree: nothing can be formatted. */
export class LayoutError extends Error {}

/** Writes the words of a file one after the other, with the gaps before them. */
export class LayoutWriter {
  readonly spaces: Space[] = [];
  /** Index of the next word. */
  cursor = 0;
  /** Level of comments that begin a line in the middle of something. */
  continuation = 1;
  readonly #source: Source;
  readonly #measures: Measures | undefined;
  readonly #wordAt: ReadonlyMap<number, number>;
  readonly #gapWidths: number[] = [];
  #column = 0;
  /** Level of comments before a closing brace: that of the lines inside. */
  #commentIndent: number | undefined;
  #separator: Separator = { flat: '', broken: false, indent: 0, blank: BLANK };

  /** @param measures widths from a writer that wrote everything on one line; without them this one does */
  constructor(source: Source, measures: Measures | undefined) {
    this.#source = source;
    this.#measures = measures;
    this.#wordAt = new Map(source.words.map(({ end }, index) => [end, index]));
  }

  /** Is it known how wide everything is? */
  get isMeasured(): boolean {
    return this.#measures !== undefined;
  }

  /** Widths, after everything was written on one line. */
  measures(): Measures {
    const before = [0];
    const breaks = [0];
    for (const [index, { image }] of this.#source.words.entries()) {
      before.push((before[index] ?? 0) + (this.#gapWidths[index] ?? 0) + image.length);
      breaks.push((breaks[index] ?? 0) + (this.#source.gaps[index]?.isBroken === true ? 1 : 0));
    }
    return { gaps: this.#gapWidths, before, breaks };
  }

  // Groups

  /** Do the words from `first` up to `end` need more than one line, with `more` characters behind them? */
  isBroken(first: number, end: number, more = 0): boolean {
    if (this.#measures === undefined) return false;
    if (this.isForced(first, end)) return true;
    return this.startColumn() + this.width(first, end) + Math.max(more, this.#closing(end)) > WIDTH;
  }

  /** Column at which the next word begins, once the gap before it is written: it may hold comments. */
  startColumn(): number {
    const column = this.#column;
    const commentIndent = this.#commentIndent;
    const gap = this.#source.gaps[this.cursor];
    if (gap === undefined) return column;
    this.#fill(gap, this.cursor > 0, this.next());
    const start = this.#column;
    this.spaces.length -= gap.comments.length + 1;
    this.#gapWidths.length--;
    this.#column = column;
    this.#commentIndent = commentIndent;
    return start;
  }

  /** Did somebody break a line between these words? */
  isForced(first: number, end: number): boolean {
    const breaks = this.#measures?.breaks;
    return breaks !== undefined && (breaks[end] ?? 0) - (breaks[first + 1] ?? 0) > 0;
  }

  /** Width of words on one line. */
  width(first: number, end: number): number {
    if (this.#measures === undefined) return 0;
    const { before, gaps } = this.#measures;
    return (before[end] ?? 0) - (before[first] ?? 0) - (gaps[first] ?? 0);
  }

  /** Number of brackets and commas that follow a word at once. */
  #closing(from: number): number {
    const { words, gaps } = this.#source;
    let end = from;
    while (/^[)\],]$/.test(words[end]?.image ?? '') && gaps[end]?.comments.length === 0) end++;
    return end - from;
  }

  // Words and the gaps before them

  word(expected?: string): void {
    const word = this.#source.words[this.cursor];
    const gap = this.#source.gaps[this.cursor];
    if (word === undefined || gap === undefined || (expected !== undefined && word.image !== expected))
      throw new LayoutError(`expected ${expected ?? 'a word'}, found ${word?.image ?? 'the end'}`);
    this.#fill(gap, this.cursor > 0, word.image);
    this.#column += word.image.length;
    this.cursor++;
    this.#separator = this.#flat('');
  }

  /** A keyword and a name. */
  words(first: string, second: string | undefined): void {
    this.word(first);
    this.space();
    this.word(second);
  }

  optionalComma(): void {
    this.tight();
    if (this.next() === ',') this.word(',');
  }

  next(): string | undefined {
    return this.#source.words[this.cursor]?.image;
  }

  /** A space between words of one line, and what aligns the next one. */
  space(padding = ''): void {
    this.#separator = this.#flat(` ${padding}`);
  }

  tight(): void {
    this.#separator = this.#flat('');
  }

  break(flat: string, broken: boolean, indent: number): void {
    this.#separator = { flat, broken, indent: broken ? indent : this.continuation, blank: NO_BLANK };
  }

  line(indent: number, blank: Blank, commentIndent = indent): void {
    this.#separator = { flat: '', broken: true, indent, blank };
    if (commentIndent !== indent) this.#commentIndent = commentIndent;
  }

  #flat(flat: string): Separator {
    return { flat, broken: false, indent: this.continuation, blank: NO_BLANK };
  }

  within(continuation: number, write: () => void): void {
    const before = this.continuation;
    this.continuation = continuation;
    write();
    this.continuation = before;
  }

  endOfFile(): void {
    const gap = this.#source.gaps[this.cursor];
    if (this.cursor !== this.#source.words.length || gap === undefined) throw new LayoutError('words are left over');
    const isEmpty = this.cursor === 0 && gap.comments.length === 0;
    this.line(0, { ...BLANK, last: false });
    if (isEmpty) this.spaces.push({ start: gap.start, end: gap.end, text: '' });
    else this.#fill(gap, this.cursor > 0, undefined);
  }

  /** Writes a gap: comments stay behind the word they follow or on lines of their own, as they were. */
  #fill(gap: Gap, hasPrevious: boolean, next: string | undefined): void {
    const { comments, lineBreaks } = gap;
    const separator = this.#separator;
    const start = this.#column;
    const count = comments.length;
    const previous = this.#source.words[this.cursor - 1]?.image;
    const isBreak = (at: number): boolean => {
      if (at === 0 && !hasPrevious) return false;
      if (count === 0) return separator.broken;
      return (lineBreaks[at] ?? 0) > 0 || comments[at - 1]?.toLineEnd === true;
    };
    const breaks = Array.from({ length: count + 1 }, (_, at) => isBreak(at));
    if (next === undefined) breaks[count] = true;
    else if (separator.broken && !breaks.includes(true) && hasPrevious) breaks[count] = true;
    const blank = (at: number): boolean => {
      const allowed = count === 0 ? 'both' : at === 0 ? 'first' : at === count ? 'last' : 'middle';
      const { first, last } = separator.blank;
      return allowed === 'both' ? first && last : separator.blank[allowed];
    };
    const blanks = breaks.map((isLine, at) => isLine && blank(at) && (lineBreaks[at] ?? 0) > 1);
    if (separator.blank.always === true && !blanks.includes(true)) {
      const at = breaks.indexOf(true);
      if (at >= 0) blanks[at] = true;
    }
    const commentIndent = this.#commentIndent ?? separator.indent;
    this.#commentIndent = undefined;
    let offset = gap.start;
    for (let at = 0; at <= count; at++) {
      const comment = comments[at];
      const end = comment?.offset ?? gap.end;
      const indent = comment === undefined ? separator.indent : commentIndent;
      let text: string;
      if (breaks[at] === true) {
        const { endOfLine } = this.#source;
        const isEnd = comment === undefined && next === undefined;
        text = endOfLine + (blanks[at] === true ? endOfLine : '') + (isEnd ? '' : ' '.repeat(indent * INDENT));
        this.#column = isEnd ? 0 : indent * INDENT;
      } else {
        if (count === 0) text = hasPrevious ? separator.flat : '';
        else if (at === 0) text = hasPrevious ? this.#beforeComment(comment, offset, previous, breaks) : '';
        else text = comment === undefined && next !== undefined && /^[)\],]$/.test(next) ? '' : ' ';
        this.#column += text.length;
      }
      this.spaces.push({ start: offset, end, text });
      if (comment !== undefined) {
        const lines = comment.image.split(/\r\n|\r|\n/);
        this.#column = (lines.length > 1 ? 0 : this.#column) + (lines.at(-1)?.length ?? 0);
        offset = comment.offset + comment.image.length;
      }
    }
    this.#gapWidths.push(this.#column - start);
  }

  /** The space before a comment that follows a word: at the end of a line as it was written, for people align those. */
  #beforeComment(
    comment: Comment | undefined,
    offset: number,
    previous: string | undefined,
    breaks: boolean[],
  ): string {
    const written = this.#source.text.slice(offset, comment?.offset ?? offset);
    if (comment?.toLineEnd === true || breaks[1] === true) return /^ +$/.test(written) ? written : ' ';
    return previous === '(' || previous === '[' ? '' : ' ';
  }

  // From the tree to words

  /** Index behind the last word of a node. */
  endOf(node: Expression): number {
    const index = this.#wordAt.get(node.$cstNode?.end ?? -1);
    if (index === undefined) throw new LayoutError('a node has no words');
    return index + 1;
  }

  firstWord(node: Property | AttentionRule | Expression): number {
    const offset = node.$cstNode?.offset ?? -1;
    const { words } = this.#source;
    let low = 0;
    let high = words.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((words[middle]?.offset ?? 0) < offset) low = middle + 1;
      else high = middle;
    }
    if (words[low]?.offset !== offset) throw new LayoutError('a node has no words');
    return low;
  }

  /** Index behind the bracket that closes the one at the cursor; nothing between them nests the same kind wrongly. */
  indexOf(open: string, close: string): number {
    const { words } = this.#source;
    let depth = 0;
    for (let index = this.cursor; index < words.length; index++) {
      if (words[index]?.image === open) depth++;
      else if (words[index]?.image === close && --depth === 0) return index + 1;
    }
    throw new LayoutError(`${open} is not closed`);
  }
}
