/** The words of a line as a shell takes them: single quotes keep what is in them, everything else is plain. */
export function shellWords(line: string): string[] {
  const words = [...line.matchAll(/(?:'[^']*'|[^\s'])+/g)].map(([word]) => word.replaceAll("'", ''));
  if (/["$`\\;&<>]/.test(line.replaceAll(/'[^']*'/g, ''))) throw new Error(`more than plain words: ${line}`);
  return words;
}
