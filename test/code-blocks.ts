import { readFileSync } from 'node:fs';
import path from 'node:path';

/** A fenced block of code in a page of the project. */
export interface CodeBlock {
  readonly language: string | undefined;
  readonly text: string;
  /** Of the page, where the code begins; 1-based. */
  readonly line: number;
}

/** The blocks of a page, of one language or all. */
export function codeBlocks(page: string, language?: string): readonly CodeBlock[] {
  const text = readFileSync(path.join(import.meta.dirname, '..', page), 'utf8');
  const blocks = [...text.matchAll(/^```(\w*)\n(.*?)^```$/gms)].map(({ 1: word, 2: code = '', index }) => ({
    language: word === '' ? undefined : word,
    text: code,
    line: text.slice(0, index).split('\n').length + 1,
  }));
  return blocks.filter(block => language === undefined || block.language === language);
}
