/** A text with blanks in the place of its comments, every other character where it was. */
export function withoutComments(text: string): string {
  return text.replaceAll(/"(?:\\.|[^"\\\r\n])*"?|\/\*[\s\S]*?(?:\*\/|$(?![\s\S]))|\/\/[^\n\r]*/g, match =>
    match.startsWith('"') ? match : match.replaceAll(/[^\n\r]/g, ' '),
  );
}
