import { cpSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { sampleInput } from '../../../runtime/attention/sample-data.ts';
import { fromFloat32 } from '../../../runtime/tensor/convert.ts';
import { writeSafetensors } from '../../../runtime/tensor/safetensors.ts';
import { buildFirst, sparse, temporaryFolder } from './command-line.ts';
import { shellWords } from './shell-words.ts';

buildFirst();
const cwd = temporaryFolder();
cpSync(path.join(import.meta.dirname, '../../../examples'), path.join(cwd, 'examples'), { recursive: true });

const COMMANDS =
  'check stats diff fit draw export formats run bench quality suggest backends format lsp completion'.split(' ');
for (const name of ['before', 'after'])
  writeFileSync(path.join(cwd, `${name}.sparse`), 'model Base { tokens = 64  attention = sliding(8) }\n');
const { q, k, v } = sampleInput({ heads: 2, kvHeads: 2, queries: 300, keys: 300, headDim: 16 });
const tensor = (data: Float32Array) => fromFloat32(data, [2, 300, 16]);
writeFileSync(path.join(cwd, 'qkv.safetensors'), writeSafetensors({ q: tensor(q), k: tensor(k), v: tensor(v) }, {}));

let overview = '';
beforeAll(async () => {
  overview = (await sparse(['--help'])).stdout;
});

async function examplesOf(...command: string[]): Promise<readonly string[]> {
  const { stdout, code } = await sparse([...command, '--help']);
  expect(code).toBe(0);
  return [...stdout.slice(stdout.search(/^Examples?:$/m)).matchAll(/^ {2}(sparse .+)$/gm)].map(([, line]) => line!);
}

describe('--help', () => {
  it('knows every command', () => {
    const named = [...overview.matchAll(/^ {2}(\w+) .*?/gm)].map(([, name]) => name);
    for (const command of COMMANDS) expect(named).toContain(command);
    expect(named.filter(name => /^[a-z]/.test(name!) && name !== 'help' && name !== 'sparse')).toEqual(
      expect.arrayContaining(COMMANDS),
    );
  });

  it('tells the exit codes', () => {
    expect(overview).toMatch(/Exit codes: 0 .* 1 .*2 .*130/s);
  });

  it.each([[], ...COMMANDS.map(command => [command])])(
    'of %s has examples that work',
    { timeout: 180_000 },
    async (...command) => {
      const examples = await examplesOf(...command);
      expect(examples.length).toBeGreaterThan(0);
      for (const example of examples) {
        const [, ...args] = shellWords(example);
        // Nobody talks to the language server.
        const code = args[0] === 'lsp' ? 1 : 0;
        const outcome = await sparse(args, { cwd, ...(args[0] === 'lsp' && { input: '' }) });
        expect(outcome.code, `${example}\n${outcome.stderr}`).toBe(code);
      }
    },
  );
});
