import type { Lexer } from 'langium';

/** Where in the text a completion is asked for, found from the tokens before the cursor: broken text is the usual case. */
export type CompletionPlace =
  | { readonly kind: 'none' }
  /** A new declaration may begin. */
  | { readonly kind: 'declaration' }
  | { readonly kind: 'keyword'; readonly words: readonly string[] }
  | { readonly kind: 'import'; readonly path: string | undefined; readonly taken: ReadonlySet<string> }
  /** Inside the string that says where an import comes from; `names` are those that are imported. */
  | { readonly kind: 'module'; readonly written: string; readonly names: readonly string[] }
  /** Inside any other string: the name of a mask file. */
  | { readonly kind: 'mask-file' }
  | { readonly kind: 'type' }
  | { readonly kind: 'property'; readonly taken: ReadonlySet<string> }
  | { readonly kind: 'value'; readonly property: string }
  | { readonly kind: 'selection'; readonly taken: ReadonlySet<string>; readonly afterSelection: boolean }
  | {
      readonly kind: 'expression';
      readonly wanted: 'pattern' | 'number' | 'condition';
      /** The innermost call around the cursor, and which of its arguments stands here. */
      readonly call: OpenCall | undefined;
      /** Variables of the enclosing `where`. */
      readonly binders: readonly string[];
      /** Inside the brackets of a list. */
      readonly inList: boolean;
    };

export interface OpenCall {
  readonly callee: string;
  /** Arguments before this one. */
  readonly index: number;
  /** Name in front of this argument, when one was written. */
  readonly name: string | undefined;
  readonly takenNames: ReadonlySet<string>;
  /** Does the argument begin at the cursor? */
  readonly atStart: boolean;
}

export interface Completion {
  readonly place: CompletionPlace;
  /** Offset where the word at the cursor begins. */
  readonly start: number;
  /** Name of the pattern that the cursor is in. */
  readonly pattern: string | undefined;
  /** Its parameters as they are written so far. */
  readonly parameters: readonly string[];
}

type Token = ReturnType<Lexer['tokenize']>['tokens'][number];

const DECLARATIONS: ReadonlySet<string> = new Set(['import', 'const', 'pattern', 'model']);
const WORD = /^[A-Za-z_][A-Za-z0-9_]*$/;
const VALUE_END = /^(?:[A-Za-z_][A-Za-z0-9_]*|[0-9].*|".*"|\)|\]|\})$/;
const NO_VALUE: ReadonlySet<string> = new Set(['where', 'attention', 'layers', 'heads', 'step', 'from']);
const NONE: CompletionPlace = { kind: 'none' };

interface Bracket {
  readonly image: string;
  readonly index: number;
}

/** Finds out what may be written at the end of `text`. `path` of an import is looked for in the `rest` after the cursor. */
export function completionAt(lexer: Lexer, text: string, rest: string): Completion {
  const { tokens, hidden } = lexer.tokenize(text);
  const last = tokens.at(-1);
  const isWord = last !== undefined && WORD.test(last.image) && last.startOffset + last.image.length === text.length;
  const start = isWord ? last.startOffset : text.length;
  if (isWord) tokens.pop();
  const nothing: Completion = { place: NONE, start, pattern: undefined, parameters: [] };
  const comment = hidden.filter(({ image }) => image.startsWith('/')).at(-1);
  if (comment !== undefined && comment.startOffset + comment.image.length === text.length) {
    if (comment.image.startsWith('//') || !comment.image.endsWith('*/') || comment.image.length < 4) return nothing;
  }
  const before = tokens.at(-1);
  const inString = before?.image.startsWith('"') === true && before.startOffset + before.image.length === text.length;
  if (inString && isOpen(before.image) && tokens.at(-2)?.image === 'from') {
    const statement = tokens.slice(statementStart(tokens) ?? 0);
    const names = statement
      .slice(
        2,
        statement.findLastIndex(({ image }) => image === '}'),
      )
      .map(({ image }) => image);
    const place = {
      kind: 'module',
      written: before.image.slice(1),
      names: names.filter(name => name !== ','),
    } as const;
    return { ...nothing, place, start: before.startOffset + 1 };
  }
  if (inString && isOpen(before.image) && !/^(?:import|const)$/.test(tokens[statementStart(tokens) ?? 0]?.image ?? ''))
    return { ...nothing, place: { kind: 'mask-file' }, start: before.startOffset + 1 };
  // Right behind a number, or behind a string, nothing is completed.
  if (inString || (!isWord && before !== undefined && /^[0-9]/.test(before.image) && touches(before, text)))
    return nothing;
  const from = statementStart(tokens);
  if (from === undefined) return { ...nothing, place: { kind: 'declaration' } };
  const statement = tokens.slice(from);
  const newLine = before === undefined || text.slice(before.startOffset + before.image.length, start).includes('\n');
  const place = placeIn(statement, newLine, rest);
  if (statement[0]?.image !== 'pattern') return { ...nothing, place };
  return { place, start, pattern: statement[1]?.image, parameters: parametersOf(statement) };
}

/** Is this string not closed yet? The text ends at the cursor, so it stands in the string. */
function isOpen(image: string): boolean {
  return image.length === 1 || !image.endsWith('"');
}

function touches(token: Token, text: string): boolean {
  return token.startOffset + token.image.length === text.length;
}

/** Index of the word that begins the last declaration. */
function statementStart(tokens: readonly Token[]): number | undefined {
  for (let index = tokens.length - 1; index >= 0; index--) {
    const image = tokens[index]?.image;
    // `p: pattern` is a type.
    if (image !== undefined && DECLARATIONS.has(image) && tokens[index - 1]?.image !== ':') return index;
  }
  return undefined;
}

function brackets(tokens: readonly Token[]): Bracket[] {
  const open: Bracket[] = [];
  for (const [index, { image }] of tokens.entries())
    if ('([{'.includes(image)) open.push({ image, index });
    else if (')]}'.includes(image)) open.pop();
  return open;
}

function placeIn(statement: readonly Token[], newLine: boolean, rest: string): CompletionPlace {
  const open = brackets(statement);
  switch (statement[0]?.image) {
    case 'import':
      return importPlace(statement, open, newLine, rest);
    case 'const':
      return expressionAfter(statement, open, newLine, 'number', 0) ?? NONE;
    case 'pattern':
      return patternPlace(statement, open, newLine);
    default:
      return modelPlace(statement, open, newLine);
  }
}

function importPlace(
  statement: readonly Token[],
  open: readonly Bracket[],
  newLine: boolean,
  rest: string,
): CompletionPlace {
  const previous = statement.at(-1)?.image;
  if (open.at(-1)?.image === '{') {
    if (previous !== '{' && previous !== ',') return NONE;
    const path = /\bfrom\s*"([^"\n]*)"/.exec(rest.split(/\bimport\b/)[0] ?? '')?.[1];
    return { kind: 'import', path, taken: new Set(statement.map(({ image }) => image)) };
  }
  if (previous === '}') return { kind: 'keyword', words: ['from'] };
  return previous?.startsWith('"') === true && newLine ? { kind: 'declaration' } : NONE;
}

function patternPlace(statement: readonly Token[], open: readonly Bracket[], newLine: boolean): CompletionPlace {
  // The first `=` outside the parentheses begins the body.
  let depth = 0;
  let body: number | undefined;
  for (const [index, { image }] of statement.entries()) {
    if ('([{'.includes(image)) depth++;
    else if (')]}'.includes(image)) depth--;
    else if (image === '=' && depth === 0) {
      body = index;
      break;
    }
  }
  if (body !== undefined) return expressionAfter(statement, open, newLine, 'pattern', body) ?? NONE;
  const previous = statement.at(-1)?.image;
  if (open.length === 0) return NONE;
  if (open.length === 1 && previous === ':') return { kind: 'type' };
  const lastComma = statement.findLastIndex(({ image }) => image === ',' || image === '(');
  const hasDefault = statement.findLastIndex(({ image }) => image === '=') > (open.length === 1 ? lastComma : 0);
  return hasDefault ? (expressionAfter(statement, open, newLine, 'number', 1) ?? NONE) : NONE;
}

function modelPlace(statement: readonly Token[], open: readonly Bracket[], newLine: boolean): CompletionPlace {
  if (open[0]?.image !== '{') {
    const closed = statement.some(({ image }) => image === '{');
    return closed ? { kind: 'declaration' } : NONE;
  }
  // Walks over the entries of the body to the one that the cursor is in.
  let depth = 0;
  let header = false;
  let property: string | undefined;
  let entry = 0;
  const taken = new Set<string>();
  for (const [index, { image }] of statement.entries()) {
    if ('([{'.includes(image)) depth++;
    else if (')]}'.includes(image)) depth--;
    if (depth !== 1) continue;
    if (image === 'attention') {
      header = true;
      property = undefined;
      entry = index;
    } else if (image === '=') {
      if (header) header = false;
      else {
        property = statement[index - 1]?.image;
        if (property !== undefined) taken.add(property);
      }
      entry = index;
    }
  }
  const previous = statement.at(-1);
  if (header) return selectionPlace(statement.slice(entry), open, newLine);
  if (open.length === 1 && (previous?.image === '{' || (newLine && endsValue(previous))))
    return { kind: 'property', taken };
  if (property !== undefined && previous?.image === '=') return { kind: 'value', property };
  const wanted = property === undefined ? 'pattern' : 'number';
  return expressionAfter(statement, open, newLine, wanted, entry) ?? NONE;
}

function selectionPlace(header: readonly Token[], open: readonly Bracket[], newLine: boolean): CompletionPlace {
  const previous = header.at(-1);
  if (open.length > 1) return expressionAfter(header, open, newLine, 'number', 0) ?? NONE;
  const taken = new Set(header.map(({ image }) => image));
  if (previous?.image === 'attention' || previous?.image === ',' || endsValue(previous))
    return { kind: 'selection', taken, afterSelection: endsValue(previous) };
  return expressionAfter(header, open, newLine, 'number', 0) ?? NONE;
}

function endsValue(token: Token | undefined): boolean {
  return token !== undefined && VALUE_END.test(token.image) && !NO_VALUE.has(token.image);
}

/** The expression that begins after token `from` of the statement. */
function expressionAfter(
  statement: readonly Token[],
  open: readonly Bracket[],
  newLine: boolean,
  wanted: 'pattern' | 'number',
  from: number,
): CompletionPlace | undefined {
  const previous = statement.at(-1);
  if (statement.length - 1 <= from && previous?.image !== '=' && wanted === 'number' && from === 0 && open.length === 0)
    return undefined;
  if (endsValue(previous)) return newLine && open.length === 0 ? { kind: 'declaration' } : undefined;
  const innermost = open.at(-1);
  const binders = bindersOf(statement, open);
  const call = callOf(statement, innermost);
  if (innermost?.image === '(' && statement[innermost.index - 1]?.image === 'where') return undefined;
  return {
    kind: 'expression',
    wanted: binders.length > 0 ? 'condition' : wanted,
    call,
    binders,
    inList: innermost?.image === '[',
  };
}

function callOf(statement: readonly Token[], innermost: Bracket | undefined): OpenCall | undefined {
  if (innermost?.image !== '(') return undefined;
  const callee = statement[innermost.index - 1];
  if (callee === undefined || !WORD.test(callee.image) || callee.image === 'where') return undefined;
  let depth = 0;
  let index = 0;
  let argument = innermost.index + 1;
  const takenNames = new Set<string>();
  for (let at = innermost.index + 1; at < statement.length; at++) {
    const image = statement[at]?.image ?? '';
    if ('([{'.includes(image)) depth++;
    else if (')]}'.includes(image)) depth--;
    if (depth !== 0) continue;
    if (image === ',') {
      index++;
      argument = at + 1;
    } else if (image === ':' && at === argument + 1) takenNames.add(statement[argument]?.image ?? '');
  }
  const named = statement[argument + 1]?.image === ':' ? statement[argument]?.image : undefined;
  return { callee: callee.image, index, name: named, takenNames, atStart: argument === statement.length };
}

/** Variables of the `where` whose condition the cursor is in. */
function bindersOf(statement: readonly Token[], open: readonly Bracket[]): readonly string[] {
  for (let at = statement.length - 1; at >= 0; at--) {
    if (statement[at]?.image !== 'where') continue;
    const words = statement.slice(at + 1, at + 7).map(({ image }) => image);
    const [parenthesis, query, comma, key, close, arrow] = words;
    if (parenthesis !== '(' || comma !== ',' || close !== ')' || arrow !== '=>' || !query || !key) return [];
    // A bracket that was open before `where` and is closed now ends its condition.
    const before = brackets(statement.slice(0, at));
    const still = before.every(bracket => open.some(({ index }) => index === bracket.index));
    return still ? [query, key] : [];
  }
  return [];
}

function parametersOf(statement: readonly Token[]): string[] {
  if (statement[2]?.image !== '(') return [];
  const names: string[] = [];
  let depth = 0;
  for (const [index, { image }] of statement.entries()) {
    if (index < 2) continue;
    if ('([{'.includes(image)) depth++;
    else if (')]}'.includes(image)) depth--;
    if (depth === 0) break;
    const previous = statement[index - 1]?.image;
    if (depth === 1 && WORD.test(image) && (previous === '(' || previous === ',')) names.push(image);
  }
  return names;
}
