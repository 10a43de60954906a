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
import type { Gap, Source } from './format-source.ts';
import { BLANK, INDENT, LayoutWriter, type Measures, type Space, WIDTH } from './layout-writer.ts';

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

class Layout {
  readonly #source: Source;
  readonly #out: LayoutWriter;

  constructor(source: Source, measures: Measures | undefined) {
    this.#source = source;
    this.#out = new LayoutWriter(source, measures);
  }

  file(file: File): LayoutWriter {
    const items = [...file.imports, ...file.declarations].sort(byOffset);
    for (const [index, item] of items.entries()) {
      const isModel = item.$type === 'ModelDeclaration' || items[index - 1]?.$type === 'ModelDeclaration';
      if (index > 0) this.#out.line(0, isModel ? { ...BLANK, always: true } : BLANK);
      this.#out.continuation = 1;
      switch (item.$type) {
        case 'Import':
          this.#import(item);
          break;
        case 'Constant':
          this.#out.words('const', undefined);
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
    this.#out.endOfFile();
    return this.#out;
  }

  // Declarations

  #import(node: Import): void {
    this.#out.word('import');
    this.#out.space();
    const broken = this.#out.isBroken(this.#out.cursor, this.#out.indexOf('{', '}'));
    this.#out.word('{');
    if (node.names.length > 0) {
      for (const [index] of node.names.entries()) {
        if (index > 0) this.#out.word(',');
        this.#out.break(' ', broken, 1);
        this.#out.word();
      }
      this.#out.optionalComma();
      this.#out.break(' ', broken, 0);
    } else this.#out.tight();
    this.#out.word('}');
    this.#out.space();
    this.#out.words('from', undefined);
  }

  #pattern(node: PatternDeclaration): void {
    this.#out.words('pattern', undefined);
    this.#out.tight();
    if (this.#out.next() === '(') {
      const broken = this.#out.isBroken(this.#out.cursor, this.#out.indexOf('(', ')'), ' ='.length);
      this.#out.word('(');
      for (const [index, parameter] of node.parameters.entries()) {
        if (index > 0) this.#out.word(',');
        this.#out.break(index > 0 ? ' ' : '', broken, 1);
        this.#out.within(1, () => {
          this.#out.word();
          if (parameter.type !== undefined) {
            this.#out.tight();
            this.#out.word(':');
            this.#out.space();
            this.#out.word();
          }
          if (parameter.default === undefined) return;
          this.#out.space();
          this.#out.word('=');
          this.#out.space();
          this.#expression(parameter.default, 1);
        });
      }
      this.#out.optionalComma();
      this.#out.break('', broken && node.parameters.length > 0, 0);
      this.#out.word(')');
    }
    this.#assignment(node.body, 0, '');
  }

  #model(node: ModelDeclaration): void {
    const entries = [...node.properties, ...node.rules].sort(byOffset);
    this.#out.words('model', undefined);
    this.#out.space();
    this.#out.word('{');
    const padding = this.#paddings(entries);
    for (const [index, entry] of entries.entries()) {
      this.#out.line(1, index === 0 ? { ...BLANK, first: false } : BLANK);
      this.#out.continuation = 2;
      this.#header(entry);
      this.#assignment(entry.$type === 'Property' ? entry.value : entry.pattern, 1, ' '.repeat(padding[index] ?? 0));
    }
    this.#out.continuation = 1;
    if (entries.length > 0) this.#out.line(0, { ...BLANK, last: false }, 1);
    else this.#out.tight();
    this.#out.word('}');
  }

  #header(entry: Property | AttentionRule): void {
    this.#out.word();
    if (entry.$type === 'Property') return;
    for (const [index, selector] of entry.selectors.entries()) {
      if (index > 0) this.#out.optionalComma();
      this.#out.space();
      this.#selector(selector);
    }
  }

  #selector({ from, to, step }: Selector): void {
    this.#out.word();
    this.#out.space();
    this.#expression(from, 1);
    if (to !== undefined) this.#range(to, 1);
    if (step === undefined) return;
    this.#out.space();
    this.#out.word('step');
    this.#out.space();
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
      const first = this.#out.firstWord(entry);
      const gap = gaps[first];
      // A blank line or a line of comments begins a new block.
      const lines = gap?.lineBreaks ?? [];
      if (lines.some(count => count > 1) || (gap?.comments ?? []).some((_, at) => beginsLine(gap, at))) flush();
      const value = entry.$type === 'Property' ? entry.value : entry.pattern;
      const equals = this.#out.firstWord(value) - 1;
      const header = gaps.slice(first + 1, equals + 1);
      if (words[equals]?.image !== '=' || header.some(({ comments }) => comments.length > 0)) continue;
      const width = this.#out.width(first, equals);
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
    this.#out.space(padding);
    this.#out.word('=');
    const first = this.#out.cursor;
    const end = this.#out.endOf(value);
    const isCall = (value.$type === 'Reference' && value.call) || value.$type === 'List' || value.$type === 'Group';
    const isForced = this.#out.isForced(first, end);
    const width = this.#out.width(first, end);
    this.#out.space();
    const isTooLong = !isForced && this.#out.startColumn() + width > WIDTH;
    const fitsBelow = (base + 1) * INDENT + width <= WIDTH;
    const broken =
      this.#out.isMeasured &&
      (this.#source.gaps[first]?.isBroken === true || (isCall ? isTooLong && fitsBelow : isForced || isTooLong));
    this.#out.break(' ', broken, base + 1);
    this.#expression(value, broken ? base + 1 : base);
  }

  // Expressions. `base` is the level of the line on which the expression begins.

  #expression(node: Expression, base: number): void {
    this.#out.within(base + 1, () => this.#bare(node, base));
  }

  #bare(node: Expression, base: number): void {
    switch (node.$type) {
      case 'Binary':
        this.#chain(node, base);
        return;
      case 'Choice': {
        const broken = this.#out.isBroken(this.#out.cursor, this.#out.endOf(node));
        this.#expression(node.condition, base);
        this.#out.break(' ', broken, base + 1);
        this.#out.word('?');
        this.#out.space();
        this.#expression(node.then, base + 1);
        this.#out.break(' ', broken, base + 1);
        this.#out.word(':');
        this.#out.space();
        this.#expression(node.otherwise, base + 1);
        return;
      }
      case 'Where': {
        const broken = this.#out.isBroken(this.#out.cursor, this.#out.endOf(node));
        this.#out.word('where');
        this.#out.space();
        this.#out.word('(');
        this.#out.tight();
        this.#out.word();
        this.#out.tight();
        this.#out.word(',');
        this.#out.space();
        this.#out.word();
        this.#out.tight();
        this.#out.word(')');
        this.#out.space();
        this.#out.word('=>');
        this.#out.break(' ', broken, base + 1);
        this.#expression(node.condition, base + 1);
        return;
      }
      case 'Unary':
        this.#out.word();
        this.#out.tight();
        this.#expression(node.operand, base);
        return;
      case 'Power':
        this.#expression(node.base, base);
        this.#out.space();
        this.#out.word('**');
        this.#out.space();
        this.#expression(node.exponent, base);
        return;
      case 'Group': {
        const broken = this.#out.isBroken(this.#out.cursor, this.#out.endOf(node));
        this.#out.word('(');
        this.#out.break('', broken, base + 1);
        this.#expression(node.of, broken ? base + 1 : base);
        this.#out.break('', broken, base);
        this.#out.word(')');
        return;
      }
      case 'List':
        this.#list(node, base);
        return;
      case 'Reference':
        this.#reference(node, base);
        return;
      default:
        this.#out.word();
    }
  }

  /** Operands of one precedence, broken before the operators, which stand one level deeper than the first operand. */
  #chain(node: Binary, base: number): void {
    const level = base + 1;
    const broken = this.#out.isBroken(this.#out.cursor, this.#out.endOf(node));
    const links: Binary[] = [];
    let first: Expression = node;
    while (first.$type === 'Binary' && precedence(first) === precedence(node)) {
      links.push(first);
      first = first.left;
    }
    this.#expression(first, first.$type === 'Binary' ? level : base);
    for (const { operator, right } of links.reverse()) {
      this.#out.break(' ', broken, level);
      this.#out.word(operator);
      this.#out.space();
      this.#expression(right, level);
    }
  }

  #list(node: List, base: number): void {
    const broken = this.#out.isBroken(this.#out.cursor, this.#out.endOf(node));
    this.#out.word('[');
    for (const [index, { from, to }] of node.items.entries()) {
      if (index > 0) this.#out.word(',');
      const end = this.#out.endOf(to ?? from);
      // Numbers fill their lines; where somebody ended one, it stays so.
      this.#out.space();
      const comma = this.#source.words[end]?.image === ',' ? 1 : 0;
      const isOwnLine =
        index === 0 ||
        this.#source.gaps[this.#out.cursor]?.isBroken === true ||
        this.#out.startColumn() + this.#out.width(this.#out.cursor, end) + comma > WIDTH;
      this.#out.break(index > 0 ? ' ' : '', broken && isOwnLine, base + 1);
      this.#expression(from, broken ? base + 1 : base);
      if (to !== undefined) this.#range(to, broken ? base + 1 : base);
    }
    this.#out.optionalComma();
    this.#out.break('', broken && node.items.length > 0, base);
    this.#out.word(']');
  }

  #range(to: Expression, base: number): void {
    this.#out.tight();
    this.#out.word('..');
    this.#out.tight();
    this.#expression(to, base);
  }

  #reference(node: Reference, base: number): void {
    this.#out.word();
    if (!node.call) return;
    this.#out.tight();
    const broken = !this.#isLoneList(node) && this.#out.isBroken(this.#out.cursor, this.#out.endOf(node));
    const level = broken ? base + 1 : base;
    this.#out.word('(');
    for (const [index, { parameter, value }] of node.arguments.entries()) {
      if (index > 0) this.#out.word(',');
      this.#out.break(index > 0 ? ' ' : '', broken, base + 1);
      if (parameter !== undefined) {
        this.#out.word();
        this.#out.tight();
        this.#out.word(':');
        this.#out.space();
      }
      this.#expression(value, level);
    }
    this.#out.optionalComma();
    this.#out.break('', broken && node.arguments.length > 0, base);
    this.#out.word(')');
  }

  /** Is the one argument a list, close to its parentheses? Then only the list is broken: `global([`, positions, `])`. */
  #isLoneList(node: Reference): boolean {
    const [argument, ...others] = node.arguments;
    if (argument === undefined || others.length > 0 || argument.parameter !== undefined) return false;
    if (argument.value.$type !== 'List') return false;
    const { words, gaps } = this.#source;
    const end = this.#out.endOf(argument.value);
    return words[end]?.image === ')' && gaps[this.#out.cursor + 1]?.isBroken === false && gaps[end]?.isBroken === false;
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
