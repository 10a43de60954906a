import type { Lexer } from 'langium';

/** The call whose arguments are being written. */
export interface OpenCall {
  readonly callee: string;
  /** Arguments before this one. */
  readonly index: number;
  /** Name in front of this argument, when one was written. */
  readonly name: string | undefined;
}

interface Bracket {
  readonly image: string;
  /** What is called, for the parenthesis of a call. */
  readonly callee: string | undefined;
  commas: number;
  /** Words of the argument so far, two at most: enough for a name and its colon. */
  argument: string[];
}

const WORD = /^[A-Za-z_][A-Za-z0-9_]*$/;
const DECLARATIONS: ReadonlySet<string> = new Set(['import', 'const', 'pattern', 'model']);

/** The innermost call around the end of a text, found from its words: while one types, the text has no tree. */
export function openCallAt(lexer: Lexer, text: string): OpenCall | undefined {
  const { tokens, hidden } = lexer.tokenize(text);
  if (hidden.some(({ image, startOffset }) => isOpenComment(image) && startOffset + image.length === text.length))
    return undefined;
  let open: Bracket[] = [];
  for (const [index, { image }] of tokens.entries()) {
    const previous = tokens[index - 1]?.image;
    const innermost = open.at(-1);
    if ((DECLARATIONS.has(image) && previous !== ':') || image === 'attention') open = [];
    else if ('([{'.includes(image)) {
      innermost?.argument.push(image);
      const declares = tokens[index - 2]?.image === 'pattern' && tokens[index - 3]?.image !== ':';
      const calls = image === '(' && previous !== undefined && WORD.test(previous) && previous !== 'where' && !declares;
      open.push({ image, callee: calls ? previous : undefined, commas: 0, argument: [] });
    } else if (')]}'.includes(image)) open.pop();
    else if (image === '=' && innermost?.callee !== undefined) {
      // No argument holds `=`: what is open was never closed, and a declaration or property begins here.
      open = open.filter(({ callee }) => callee === undefined);
    } else if (innermost !== undefined) {
      if (image === ',') {
        innermost.commas++;
        innermost.argument = [];
      } else innermost.argument.push(image);
    }
  }
  const call = open.findLast(({ callee }) => callee !== undefined);
  if (call?.callee === undefined) return undefined;
  const [first, second] = call.argument;
  return { callee: call.callee, index: call.commas, name: second === ':' ? first : undefined };
}

function isOpenComment(image: string): boolean {
  return image.startsWith('//') || !image.endsWith('*/') || image.length < 4;
}
