// biome-ignore-all lint/complexity/useLiteralKeys: parts of Langium's parser that are private are reached by name.
import {
  type AstNode,
  type CompositeCstNode,
  CompositeCstNodeImpl,
  type CstNode,
  createParser,
  isCompositeCstNode,
  type LangiumCoreServices,
  LangiumParser,
  LeafCstNodeImpl,
  type LexerResult,
  type ParseResult,
  type RootCstNode,
} from 'langium';
import { type File, isFile } from './generated/ast.ts';

type Token = LexerResult['tokens'][number];
type Rule = Parameters<LangiumParser['subrule']>[1];
type Feature = Parameters<LangiumParser['subrule']>[3];
type Arguments = Parameters<LangiumParser['subrule']>[4];
/** Where Chevrotain stands in its tokens: the index of the last one that was consumed. */
type Reading = { currIdx: number; readonly input: readonly Token[]; readonly errors: readonly unknown[] };

/** Words that begin a statement of a file: none of them can go on with the statement before. */
const BEGINNINGS: ReadonlySet<string> = new Set(['import', 'const', 'pattern', 'model']);

/** A statement that was read before and stands in the new text as it did. */
interface Kept {
  readonly node: AstNode & { readonly $cstNode: CstNode };
  readonly cst: CompositeCstNode;
  readonly tokens: number;
  readonly length: number;
  /** Line and column (from 1) of its first character in the old text. */
  readonly line: number;
  readonly column: number;
  /** Where it stood. */
  readonly offset: number;
}

/**
 * Langium's parser, which reads only those imports and declarations of a file that an edit changed: of the others the
 * syntax tree is kept, moved to where they stand now. Everything else is as it would be read from the whole text, also
 * in a file with errors.
 */
export class ReusingParser extends LangiumParser {
  /** Number of tokens of each statement that was read without an error. */
  readonly #sound = new WeakMap<AstNode, number>();
  /** What may be kept, by the offset where it stands in the new text. */
  #kept: ReadonlyMap<number, Kept> = new Map();
  /** Statements that were read without an error, by their first character. */
  #read = new Map<number, number>();

  constructor(services: LangiumCoreServices) {
    super(services);
    const builder = this['nodeBuilder'];
    const addHiddenNodes = builder.addHiddenNodes.bind(builder) as (tokens: Token[]) => void;
    // Langium looks for the place of a comment among all that was read before, also where there is no comment: a list of
    // 100,000 numbers took half a minute.
    builder.addHiddenNodes = (tokens: Token[]) => {
      if (tokens.length > 0) addHiddenNodes(tokens);
    };
  }

  /** `previous` is a result of this parser that is not used any more: its syntax trees go over to the new one. */
  reparse<T extends AstNode>(text: string, previous: ParseResult | undefined): ParseResult<T> {
    this.#kept = previous === undefined ? new Map() : this.#unchanged(previous, text);
    this.#read = new Map();
    try {
      const result = this.parse<T>(text);
      for (const node of isFile(result.value) ? statementsOf(result.value) : []) {
        const tokens = this.#read.get(node.$cstNode?.offset ?? -1);
        if (tokens !== undefined) this.#sound.set(node, tokens);
      }
      return result;
    } finally {
      this.#kept = new Map();
    }
  }

  override subrule(index: number, rule: Rule, fragment: boolean, feature: Feature, args: Arguments): void {
    if (this.isRecording()) {
      super.subrule(index, rule, fragment, feature, args);
      return;
    }
    // Only the file itself is under way: the rule is that of a statement.
    if (this['stack'].length !== 1) {
      super.subrule(index, rule, fragment, feature, args);
      this.#flatten(feature);
      return;
    }
    const reading = this.#reading;
    const first = reading.input[reading.currIdx + 1];
    const kept = first === undefined ? undefined : this.#kept.get(first.startOffset);
    if (first !== undefined && kept !== undefined && fits(kept, reading)) {
      super.subrule(index, () => this.#keep(kept, first), fragment, feature, args);
      this.#read.set(first.startOffset, kept.tokens);
      return;
    }
    const before = reading.currIdx;
    const errors = reading.errors.length;
    super.subrule(index, rule, fragment, feature, args);
    if (first !== undefined && reading.errors.length === errors)
      this.#read.set(first.startOffset, reading.currIdx - before);
  }

  /**
   * A rule that only hands on what another one read, as `Sum` does in a sum of one number, leaves an empty shell in the
   * tree. A dozen of them around every name would make each way through the tree long.
   */
  #flatten(feature: Feature): void {
    const { content } = this['nodeBuilder'].current;
    const shell = content.at(-1);
    if (
      shell instanceof CompositeCstNodeImpl &&
      shell.grammarSource === feature &&
      shell['_astNode'] === undefined &&
      this['getAssignment'](feature).assignment === undefined
    ) {
      content.pop();
      appendAll(content, shell.content);
    }
  }

  get #reading(): Reading {
    return this.wrapper as unknown as Reading;
  }

  /** Puts a statement into the tree as if it had been read just now. */
  #keep(kept: Kept, first: Token): AstNode {
    const reading = this.#reading;
    const builder = this['nodeBuilder'];
    const last = reading.input[reading.currIdx + kept.tokens];
    builder.addHiddenNodes(this['extractHiddenTokens'](first));
    // Comments inside are in the kept tree already.
    if (last !== undefined) this['extractHiddenTokens'](last);
    reading.currIdx += kept.tokens;
    const { current } = builder;
    move(kept.cst, current.root, first.startOffset - kept.offset, (first.startLine ?? kept.line) - kept.line);
    appendAll(current.content, kept.cst.content);
    builder.construct(kept.node);
    return kept.node;
  }

  /** Statements of the old text before and after the part that changed, by where they stand in the new one. */
  #unchanged(previous: ParseResult, text: string): ReadonlyMap<number, Kept> {
    const file = previous.value;
    const old = file.$cstNode?.root.fullText;
    const kept = new Map<number, Kept>();
    if (!isFile(file) || old === undefined) return kept;
    const same = commonEnds(old, text);
    for (const node of statementsOf(file)) {
      const tokens = this.#sound.get(node);
      const cst = node.$cstNode;
      if (tokens === undefined || cst === undefined || !isCompositeCstNode(cst)) continue;
      const { offset, end, range } = cst;
      const moved = end <= same.start ? 0 : offset >= old.length - same.end ? text.length - old.length : undefined;
      if (moved === undefined) continue;
      const { line, character } = range.start;
      kept.set(offset + moved, {
        node: Object.assign(node, { $cstNode: cst }),
        cst,
        tokens,
        length: end - offset,
        line: line + 1,
        column: character + 1,
        offset,
      });
    }
    return kept;
  }
}

/** The parser of a language, in the place of Langium's own. */
export function createReusingParser(services: LangiumCoreServices): ReusingParser {
  const parser = createParser(services.Grammar, new ReusingParser(services), services.parser.Lexer.definition);
  parser.finalize();
  return parser;
}

function statementsOf(file: File): readonly AstNode[] {
  return [...file.imports, ...file.declarations];
}

/**
 * Are the tokens at which the parser stands those of a kept statement, and is it over after them? The same text gives
 * the same tokens, but for the last one, which may reach into what follows.
 */
function fits(kept: Kept, { input, currIdx }: Reading): boolean {
  const first = input[currIdx + 1];
  const last = input[currIdx + kept.tokens];
  const next = input[currIdx + kept.tokens + 1];
  return (
    first?.startColumn === kept.column &&
    last?.endOffset === first.startOffset + kept.length - 1 &&
    (next === undefined || BEGINNINGS.has(next.image))
  );
}

/** Number of characters that two texts have in common at the start and, without those, at the end. */
function commonEnds(a: string, b: string): { readonly start: number; readonly end: number } {
  const most = Math.min(a.length, b.length);
  let start = 0;
  while (start < most && a.charCodeAt(start) === b.charCodeAt(start)) start++;
  let end = 0;
  while (end < most - start && a.charCodeAt(a.length - 1 - end) === b.charCodeAt(b.length - 1 - end)) end++;
  return { start, end };
}

/** One by one: a long list has more nodes than a call may have arguments. */
function appendAll(content: CstNode[], more: readonly CstNode[]): void {
  for (const node of more) content.push(node);
}

/** Gives all nodes below one another root, and other places. */
function move(node: CompositeCstNode, root: RootCstNode, offset: number, lines: number): void {
  for (const child of node.content) {
    if (child instanceof LeafCstNodeImpl) {
      child.root = root;
      child['_offset'] += offset;
      if (lines !== 0) {
        const { start, end } = child.range;
        // Whoever asked before keeps what was right then.
        child['_range'] = {
          start: { line: start.line + lines, character: start.character },
          end: { line: end.line + lines, character: end.character },
        };
      }
    } else if (child instanceof CompositeCstNodeImpl) {
      child.root = root;
      if (lines !== 0) forgetRange(child);
      move(child, root, offset, lines);
    }
  }
}

/** Deleting the property instead would make all later reading of the node slow. */
function forgetRange(node: object): void {
  (node as { _rangeCache: unknown })._rangeCache = undefined;
}
