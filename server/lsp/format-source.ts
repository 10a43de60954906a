import type { Lexer } from 'langium';

/** A comment, with what stands around it left to the gap. */
export interface Comment {
  readonly image: string;
  readonly offset: number;
  /** `// ...`: the next word must begin a line. */
  readonly toLineEnd: boolean;
}

/** All that stands between two words: white space and comments. */
export interface Gap {
  readonly start: number;
  readonly end: number;
  readonly comments: readonly Comment[];
  /** Line breaks before each comment and, last, before the word that follows. */
  readonly lineBreaks: readonly number[];
  /** Does it end a line, or hold a comment that does? */
  readonly isBroken: boolean;
}

export interface Word {
  readonly image: string;
  readonly offset: number;
  readonly end: number;
}

/** A text as words and the gaps around them: gap `i` stands before word `i`, the last one at the end of the text. */
export interface Source {
  readonly text: string;
  readonly words: readonly Word[];
  readonly gaps: readonly Gap[];
  readonly endOfLine: '\n' | '\r\n';
}

/** Cuts a text into words and gaps; undefined when some characters mean nothing. */
export function readSource(lexer: Lexer, text: string): Source | undefined {
  const { tokens, hidden, errors } = lexer.tokenize(text);
  if (errors.length > 0) return undefined;
  const words = tokens.map(({ image, startOffset }) => ({
    image,
    offset: startOffset,
    end: startOffset + image.length,
  }));
  const comments = hidden
    .map(({ image, startOffset }) => ({ image, offset: startOffset, toLineEnd: image.startsWith('//') }))
    .sort((a, b) => a.offset - b.offset);
  const gaps: Gap[] = [];
  let next = 0;
  for (let index = 0; index <= words.length; index++) {
    const end = words[index]?.offset ?? text.length;
    const inside: Comment[] = [];
    for (let comment = comments[next]; comment !== undefined && comment.offset < end; comment = comments[++next])
      inside.push(comment);
    gaps.push(gap(text, words[index - 1]?.end ?? 0, end, inside));
  }
  return { text, words, gaps, endOfLine: text.includes('\r\n') ? '\r\n' : '\n' };
}

function gap(text: string, start: number, end: number, comments: readonly Comment[]): Gap {
  const lineBreaks: number[] = [];
  let from = start;
  for (const { offset, image } of comments) {
    lineBreaks.push(countLineBreaks(text.slice(from, offset)));
    from = offset + image.length;
  }
  lineBreaks.push(countLineBreaks(text.slice(from, end)));
  const isBroken =
    lineBreaks.some(count => count > 0) || comments.some(({ image, toLineEnd }) => toLineEnd || /[\r\n]/.test(image));
  return { start, end, comments, lineBreaks, isBroken };
}

function countLineBreaks(space: string): number {
  return space.match(/\r\n|\r|\n/g)?.length ?? 0;
}
