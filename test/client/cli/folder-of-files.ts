import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect } from 'vitest';
import { type Outcome, STACK_TRACE, temporaryFolder } from './command-line.ts';

const LONGFORMER = `/** Longformer. */
pattern longformer(size = 512, tokens = [0]) = window(size) | global(tokens)
pattern needs(size) = window(size)

model Base {
  tokens = 4096
  layers = 12
  heads = 12
  dim = 768
  attention = longformer(512)
  attention layers 6..12, heads [0, 1] = window(256, dilation: 4)
}
`;
const files: Readonly<Record<string, string | Uint8Array>> = {
  'longformer.sparse': LONGFORMER,
  'two models.sparse': 'model A { tokens = 8  attention = full() }\nmodel B { tokens = 8  attention = full() }\n',
  'encoder.sparse': 'model E { tokens = 64  layers = 3  heads = 2  attention = window(8) | global([0]) }\n',
  'one.sparse': 'pattern only = sliding(4)\n',
  'bad.sparse': 'pattern p = window(-3)\n\npattern q = wnidow(3) | p\n',
  'warning.sparse': 'pattern p = window(8) | window(64)\n',
  'dynamic.sparse': 'pattern dynamic = lsh(4) & causal()\n',
  'late.sparse': 'pattern late = global([100])\n',
  'import.sparse':
    'import { only } from "./one.sparse"\npattern twice = only | transposed\npattern transposed = window(before: 0, after: 3)\n',
  'lost.sparse': 'import { only } from "./nowhere.sparse"\npattern p = only\n',
  'loop.sparse': 'import { p } from "./loop.sparse"\npattern p = p\n',
  'zero.sparse': 'model M { tokens = 0  attention = full() }\n',
  'half.sparse': 'model M { tokens = 64  queries = n / 2  attention = full() }\n',
  'fixed.sparse': 'model M { tokens = 64  queries = 32  attention = full() }\n',
  'empty.sparse': '',
  'binary.sparse': Uint8Array.from({ length: 4000 }, (_, i) => (i * 151 + (i >> 3)) & 255),
  'nul.sparse': 'pattern p = \0full()',
  'utf16.sparse': Buffer.from('\ufeffpattern p = full()', 'utf16le'),
  'bom.sparse': '\ufeffpattern p = full()\n',
  'crlf.sparse': '// größer\r\npattern p = full()\r\npattern q = wnidow(3)\r\n',
};

/** A new folder with files of all kinds, and an empty one within. */
export function folderOfFiles(): string {
  const folder = temporaryFolder();
  for (const [name, text] of Object.entries(files)) writeFileSync(path.join(folder, name), text);
  mkdirSync(path.join(folder, 'folder'));
  return folder;
}

/** A failure is a line or two on stderr, and nothing on stdout. */
export function expectFailure({ code, stdout, stderr }: Outcome, exitCode: number, message: RegExp): void {
  expect(stderr).toMatch(message);
  expect(code).toBe(exitCode);
  expect(stdout).toBe('');
  expect(stderr).not.toMatch(STACK_TRACE);
  expect(stderr.trimEnd().split('\n').length).toBeLessThanOrEqual(2);
}
