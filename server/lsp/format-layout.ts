import type {
  AttentionRule,
  Binary,
  Expression,
  File,
  Import,
  List,
  ModelDeclaration,
  PatternDeclaration,
  Property,
  Reference,
  Selector,
} from '../generated/ast.ts';
import type { Comment, Gap, Source } from './format-source.ts';

const WIDTH = 120;
const INDENT = 2;

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
interface Blank {
  readonly first: boolean;
  readonly middle: boolean;
  readonly last: boolean;
  /** One is written where there is none. */
  readonly always?: boolean;
}

const NO_BLANK: Blank = { first: false, middle: false, last: false };
const BLANK: Blank = { first: true, middle: true, last: true };

/** How wide everything is on one line. */
interface Measures {
  /** Width of the gap before each word. */
  readonly gaps: readonly number[];
  /** Width of all words and gaps before each gap. */
  readonly before: readonly number[];
  /** Number of broken gaps before each gap. */
  readonly breaks: readonly number[];
}

/**
 * The white space of a file without mistakes, gap by gap. Words and comments stay as they are and in their order, so
 * that no formatting can change what a file means.
 *
 * A group (the operands of a union, the arguments of a call, ...) stands on one line unless it is too long or the
 * person broke a line in it: then every part of it begins a line.
 */
export function layOut(source: Source, file: File): Space[] {
  const measured = new Layout(source, undefined).file(file);
  return new Layout(source, measured.measures()).file(file).spaces;
}

/** The tree and the words disagree: nothing can be formatted. */
export class LayoutError extends Error {}

class Layout {
  readonly spaces: Space[] = [];
  readonly #source: Source;
  readonly #measures: Measures | undefined;
  readonly #wordAt: ReadonlyMap<number, number>;
  readonly #gapWidths: number[] = [];
  #cursor = 0;
  #column = 0;
  /** Level of comments that begin a line in the middle of something. */
  #continuation = 1;
  #separator: Separator = { flat: '', broken: false, indent: 0, blank: BLANK };

  constructor(source: Source, measures: Measures | undefined) {
    this.#source = source;
    this.#measures = measures;
    this.#wordAt = new Map(source.words.map(({ end }, index) => [end, index]));
  }

  file(file: File): this {
    const items = [...file.imports, ...file.declarations].sort(byOffset);
    for (const [index, item] of items.entries()) {
      const isModel = item.$type === 'ModelDeclaration' || items[index - 1]?.$type === 'ModelDeclaration';
      if (index > 0) this.#line(0, isModel ? { ...BLANK, always: true } : BLANK);
      this.#continuation = 1;
      switch (item.$type) {
        case 'Import':
          this.#import(item);
          break;
        case 'Constant':
          this.#words('const', undefined);
          this.#assignment(item.value, 0, '');
          break;
        case 'PatternDeclaration':
          this.#pattern(item);
          break;
        case 'ModelDeclaration':
          this.#model(item);
          break;
      }
    }
    this.#endOfFile();
    return this;
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

  // Declarations

  #import(node: Import): void {
    this.#word('import');
    this.#space();
    const broken = this.#isBroken(this.#cursor, this.#indexOf('{', '}'));
    this.#word('{');
    if (node.names.length > 0) {
      for (const [index] of node.names.entries()) {
        if (index > 0) this.#word(',');
        this.#break(' ', broken, 1);
        this.#word();
      }
      this.#optionalComma();
      this.#break(' ', broken, 0);
    } else this.#tight();
    this.#word('}');
    this.#space();
    this.#words('from', undefined);
  }

  #pattern(node: PatternDeclaration): void {
    this.#words('pattern', undefined);
    this.#tight();
    if (this.#next() === '(') {
      const broken = this.#isBroken(this.#cursor, this.#indexOf('(', ')'), ' ='.length);
      this.#word('(');
      for (const [index, parameter] of node.parameters.entries()) {
        if (index > 0) this.#word(',');
        this.#break(index > 0 ? ' ' : '', broken, 1);
        this.#within(1, () => {
          this.#word();
          if (parameter.type !== undefined) {
            this.#tight();
            this.#word(':');
            this.#space();
            this.#word();
          }
          if (parameter.default === undefined) return;
          this.#space();
          this.#word('=');
          this.#space();
          this.#expression(parameter.default, 1);
        });
      }
      this.#optionalComma();
      this.#break('', broken && node.parameters.length > 0, 0);
      this.#word(')');
    }
    this.#assignment(node.body, 0, '');
  }

  #model(node: ModelDeclaration): void {
    const entries = [...node.properties, ...node.rules].sort(byOffset);
    this.#words('model', undefined);
    this.#space();
    this.#word('{');
    const padding = this.#paddings(entries);
    for (const [index, entry] of entries.entries()) {
      this.#line(1, index === 0 ? { ...BLANK, first: false } : BLANK);
      this.#continuation = 2;
      this.#header(entry);
      this.#assignment(entry.$type === 'Property' ? entry.value : entry.pattern, 1, ' '.repeat(padding[index] ?? 0));
    }
    this.#continuation = 1;
    if (entries.length > 0) this.#line(0, { ...BLANK, last: false }, 1);
    else this.#tight();
    this.#word('}');
  }

  #header(entry: Property | AttentionRule): void {
    this.#word();
    if (entry.$type === 'Property') return;
    for (const [index, selector] of entry.selectors.entries()) {
      if (index > 0) this.#optionalComma();
      this.#space();
      this.#selector(selector);
    }
  }

  #selector({ from, to, step }: Selector): void {
    this.#word();
    this.#space();
    this.#expression(from, 1);
    if (to !== undefined) this.#range(to, 1);
    if (step === undefined) return;
    this.#space();
    this.#word('step');
    this.#space();
    this.#expression(step, 1);
  }

  /**
   * Spaces that align the `=` of consecutive lines: those of plain names always, those of rules with a selection
   * where somebody aligned them.
   */
  #paddings(entries: readonly (Property | AttentionRule)[]): number[] {
    const paddings = entries.map(() => 0);
    const { words, gaps } = this.#source;
    interface Line {
      readonly index: number;
      readonly width: number;
      readonly isPadded: boolean;
    }
    let plain: Line[] = [];
    let selecting: Line[] = [];
    const align = (lines: readonly Line[]): void => {
      const widest = Math.max(0, ...lines.map(({ width }) => width));
      for (const { index, width } of lines) paddings[index] = widest - width;
    };
    const flush = (): void => {
      align(plain);
      if (selecting.some(({ isPadded }) => isPadded)) align(selecting);
      plain = [];
      selecting = [];
    };
    for (const [index, entry] of entries.entries()) {
      const first = this.#firstWord(entry);
      const gap = gaps[first];
      // A blank line or a line of comments begins a new block.
      const lines = gap?.lineBreaks ?? [];
      if (lines.some(count => count > 1) || (gap?.comments ?? []).some((_, at) => beginsLine(gap, at))) flush();
      const value = entry.$type === 'Property' ? entry.value : entry.pattern;
      const equals = this.#firstWord(value) - 1;
      const header = gaps.slice(first + 1, equals + 1);
      if (words[equals]?.image !== '=' || header.some(({ comments }) => comments.length > 0)) continue;
      const width = this.#width(first, equals);
      const space = gaps[equals];
      const isPadded = space !== undefined && space.end - space.start > 1 && !space.isBroken;
      if (equals === first + 1) plain.push({ index, width, isPadded });
      else selecting.push({ index, width, isPadded });
    }
    flush();
    return paddings;
  }

  /** `= value`; what is not a plain call goes to the next line as a whole before it is broken. */
  #assignment(value: Expression, base: number, padding: string): void {
    this.#separator = { ...this.#flat(' '), flat: ` ${padding}` };
    this.#word('=');
    const first = this.#cursor;
    const end = this.#endOf(value);
    const isCall = (value.$type === 'Reference' && value.call) || value.$type === 'List' || value.$type === 'Group';
    const isForced = this.#isForced(first, end);
    const width = this.#width(first, end);
    this.#space();
    const isTooLong = !isForced && this.#startColumn() + width > WIDTH;
    const fitsBelow = (base + 1) * INDENT + width <= WIDTH;
    const broken =
      this.#measures !== undefined &&
      (this.#source.gaps[first]?.isBroken === true || (isCall ? isTooLong && fitsBelow : isForced || isTooLong));
    this.#break(' ', broken, base + 1);
    this.#expression(value, broken ? base + 1 : base);
  }

  // Expressions. `base` is the level of the line on which the expression begins.

  #expression(node: Expression, base: number): void {
    this.#within(base + 1, () => this.#bare(node, base));
  }

  #bare(node: Expression, base: number): void {
    switch (node.$type) {
      case 'Binary':
        this.#chain(node, base);
        return;
      case 'Choice': {
        const broken = this.#isBroken(this.#cursor, this.#endOf(node));
        this.#expression(node.condition, base);
        this.#break(' ', broken, base + 1);
        this.#word('?');
        this.#space();
        this.#expression(node.then, base + 1);
        this.#break(' ', broken, base + 1);
        this.#word(':');
        this.#space();
        this.#expression(node.otherwise, base + 1);
        return;
      }
      case 'Where': {
        const broken = this.#isBroken(this.#cursor, this.#endOf(node));
        this.#word('where');
        this.#space();
        this.#word('(');
        this.#tight();
        this.#word();
        this.#tight();
        this.#word(',');
        this.#space();
        this.#word();
        this.#tight();
        this.#word(')');
        this.#space();
        this.#word('=>');
        this.#break(' ', broken, base + 1);
        this.#expression(node.condition, base + 1);
        return;
      }
      case 'Unary':
        this.#word();
        this.#tight();
        this.#expression(node.operand, base);
        return;
      case 'Power':
        this.#expression(node.base, base);
        this.#space();
        this.#word('**');
        this.#space();
        this.#expression(node.exponent, base);
        return;
      case 'Group': {
        const broken = this.#isBroken(this.#cursor, this.#endOf(node));
        this.#word('(');
        this.#break('', broken, base + 1);
        this.#expression(node.of, broken ? base + 1 : base);
        this.#break('', broken, base);
        this.#word(')');
        return;
      }
      case 'List':
        this.#list(node, base);
        return;
      case 'Reference':
        this.#reference(node, base);
        return;
      default:
        this.#word();
    }
  }

  /** Operands of one precedence, broken before the operators, which stand one level deeper than the first operand. */
  #chain(node: Binary, base: number): void {
    const level = base + 1;
    const broken = this.#isBroken(this.#cursor, this.#endOf(node));
    const links: Binary[] = [];
    let first: Expression = node;
    while (first.$type === 'Binary' && precedence(first) === precedence(node)) {
      links.push(first);
      first = first.left;
    }
    this.#expression(first, first.$type === 'Binary' ? level : base);
    for (const { operator, right } of links.reverse()) {
      this.#break(' ', broken, level);
      this.#word(operator);
      this.#space();
      this.#expression(right, level);
    }
  }

  #list(node: List, base: number): void {
    const broken = this.#isBroken(this.#cursor, this.#endOf(node));
    this.#word('[');
    for (const [index, { from, to }] of node.items.entries()) {
      if (index > 0) this.#word(',');
      const end = this.#endOf(to ?? from);
      // Numbers fill their lines; where somebody ended one, it stays so.
      this.#space();
      const comma = this.#source.words[end]?.image === ',' ? 1 : 0;
      const isOwnLine =
        index === 0 ||
        this.#source.gaps[this.#cursor]?.isBroken === true ||
        this.#startColumn() + this.#width(this.#cursor, end) + comma > WIDTH;
      this.#break(index > 0 ? ' ' : '', broken && isOwnLine, base + 1);
      this.#expression(from, broken ? base + 1 : base);
      if (to !== undefined) this.#range(to, broken ? base + 1 : base);
    }
    this.#optionalComma();
    this.#break('', broken && node.items.length > 0, base);
    this.#word(']');
  }

  #range(to: Expression, base: number): void {
    this.#tight();
    this.#word('..');
    this.#tight();
    this.#expression(to, base);
  }

  #reference(node: Reference, base: number): void {
    this.#word();
    if (!node.call) return;
    this.#tight();
    const broken = !this.#isLoneList(node) && this.#isBroken(this.#cursor, this.#endOf(node));
    const level = broken ? base + 1 : base;
    this.#word('(');
    for (const [index, { parameter, value }] of node.arguments.entries()) {
      if (index > 0) this.#word(',');
      this.#break(index > 0 ? ' ' : '', broken, base + 1);
      if (parameter !== undefined) {
        this.#word();
        this.#tight();
        this.#word(':');
        this.#space();
      }
      this.#expression(value, level);
    }
    this.#optionalComma();
    this.#break('', broken && node.arguments.length > 0, base);
    this.#word(')');
  }

  /** Is the one argument a list, close to its parentheses? Then only the list is broken: `global([`, positions, `])`. */
  #isLoneList(node: Reference): boolean {
    const [argument, ...others] = node.arguments;
    if (argument === undefined || others.length > 0 || argument.parameter !== undefined) return false;
    if (argument.value.$type !== 'List') return false;
    const { words, gaps } = this.#source;
    const end = this.#endOf(argument.value);
    return words[end]?.image === ')' && gaps[this.#cursor + 1]?.isBroken === false && gaps[end]?.isBroken === false;
  }

  // Groups

  /** Do the words from `first` up to `end` need more than one line, with `more` characters behind them? */
  #isBroken(first: number, end: number, more = 0): boolean {
    if (this.#measures === undefined) return false;
    if (this.#isForced(first, end)) return true;
    return this.#startColumn() + this.#width(first, end) + Math.max(more, this.#closing(end)) > WIDTH;
  }

  /** Column at which the next word begins, once the gap before it is written: it may hold comments. */
  #startColumn(): number {
    const column = this.#column;
    const commentIndent = this.#commentIndent;
    const gap = this.#source.gaps[this.#cursor];
    if (gap === undefined) return column;
    this.#fill(gap, this.#cursor > 0, this.#next());
    const start = this.#column;
    this.spaces.length -= gap.comments.length + 1;
    this.#gapWidths.length--;
    this.#column = column;
    this.#commentIndent = commentIndent;
    return start;
  }

  /** Did somebody break a line between these words? */
  #isForced(first: number, end: number): boolean {
    const breaks = this.#measures?.breaks;
    return breaks !== undefined && (breaks[end] ?? 0) - (breaks[first + 1] ?? 0) > 0;
  }

  /** Width of words on one line. */
  #width(first: number, end: number): number {
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

  #word(expected?: string): void {
    const word = this.#source.words[this.#cursor];
    const gap = this.#source.gaps[this.#cursor];
    if (word === undefined || gap === undefined || (expected !== undefined && word.image !== expected))
      throw new LayoutError(`expected ${expected ?? 'a word'}, found ${word?.image ?? 'the end'}`);
    this.#fill(gap, this.#cursor > 0, word.image);
    this.#column += word.image.length;
    this.#cursor++;
    this.#separator = this.#flat('');
  }

  /** A keyword and a name. */
  #words(first: string, second: string | undefined): void {
    this.#word(first);
    this.#space();
    this.#word(second);
  }

  #optionalComma(): void {
    this.#tight();
    if (this.#next() === ',') this.#word(',');
  }

  #next(): string | undefined {
    return this.#source.words[this.#cursor]?.image;
  }

  #space(): void {
    this.#separator = this.#flat(' ');
  }

  #tight(): void {
    this.#separator = this.#flat('');
  }

  #break(flat: string, broken: boolean, indent: number): void {
    this.#separator = { flat, broken, indent: broken ? indent : this.#continuation, blank: NO_BLANK };
  }

  #line(indent: number, blank: Blank, commentIndent = indent): void {
    this.#separator = { flat: '', broken: true, indent, blank };
    if (commentIndent !== indent) this.#commentIndent = commentIndent;
  }

  /** Level of comments before a closing brace: that of the lines inside. */
  #commentIndent: number | undefined;

  #flat(flat: string): Separator {
    return { flat, broken: false, indent: this.#continuation, blank: NO_BLANK };
  }

  #within(continuation: number, write: () => void): void {
    const before = this.#continuation;
    this.#continuation = continuation;
    write();
    this.#continuation = before;
  }

  #endOfFile(): void {
    const gap = this.#source.gaps[this.#cursor];
    if (this.#cursor !== this.#source.words.length || gap === undefined) throw new LayoutError('words are left over');
    const isEmpty = this.#cursor === 0 && gap.comments.length === 0;
    this.#line(0, { ...BLANK, last: false });
    if (isEmpty) this.spaces.push({ start: gap.start, end: gap.end, text: '' });
    else this.#fill(gap, this.#cursor > 0, undefined);
  }

  /** Writes a gap: comments stay behind the word they follow or on lines of their own, as they were. */
  #fill(gap: Gap, hasPrevious: boolean, next: string | undefined): void {
    const { comments, lineBreaks } = gap;
    const separator = this.#separator;
    const start = this.#column;
    const count = comments.length;
    const previous = this.#source.words[this.#cursor - 1]?.image;
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
  #endOf(node: Expression): number {
    const index = this.#wordAt.get(node.$cstNode?.end ?? -1);
    if (index === undefined) throw new LayoutError('a node has no words');
    return index + 1;
  }

  #firstWord(node: Property | AttentionRule | Expression): number {
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
  #indexOf(open: string, close: string): number {
    const { words } = this.#source;
    let depth = 0;
    for (let index = this.#cursor; index < words.length; index++) {
      if (words[index]?.image === open) depth++;
      else if (words[index]?.image === close && --depth === 0) return index + 1;
    }
    throw new LayoutError(`${open} is not closed`);
  }
}

function byOffset(
  a: { readonly $cstNode?: { offset: number } },
  b: { readonly $cstNode?: { offset: number } },
): number {
  return (a.$cstNode?.offset ?? 0) - (b.$cstNode?.offset ?? 0);
}

function beginsLine(gap: Gap | undefined, at: number): boolean {
  return (gap?.lineBreaks[at] ?? 0) > 0 || gap?.comments[at - 1]?.toLineEnd === true;
}

const LEVELS: readonly ReadonlySet<string>[] = [
  new Set(['||']),
  new Set(['&&']),
  new Set(['<', '<=', '>', '>=', '==', '!=']),
  new Set(['+', '-', '|']),
  new Set(['&']),
  new Set(['*', '/', '%']),
];

function precedence({ operator }: Binary): number {
  return LEVELS.findIndex(level => level.has(operator));
}
