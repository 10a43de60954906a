import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { buildFirst, STACK_TRACE, sparse, temporaryFolder } from './command-line.ts';

buildFirst();
const cwd = temporaryFolder();
writeFileSync(
  path.join(cwd, 'model.sparse'),
  `model M {
  tokens    = 1024
  layers    = 2
  heads     = 4
  head_dim  = 8
  attention = sliding(64)
  attention layers [1], heads [0, 1] = sliding(32)
}
`,
);

describe.concurrent('sparse fit', () => {
  it('says for each library how, or why not', async () => {
    const { code, stdout, stderr } = await sparse(['fit', 'model.sparse'], { cwd });
    expect(stderr).toBe('');
    expect(code).toBe(0);
    expect(stdout).toMatch(/^M, 1,024 tokens, layer 0 of 2, all 4 heads\n/);
    expect(stdout).toMatch(/^yes {2}FlashAttention window_size, .*\n {5}window_size=\(63, 0\), causal=True$/m);
    expect(stdout).toMatch(/^no {3}DeepSpeed .*\n {5}it takes whole blocks of 16 x 16, but /m);
  });

  it('speaks of one token as of one', async () => {
    const { code, stdout } = await sparse(['fit', '--expr', 'full()', '--tokens', '1'], { cwd });
    expect(code).toBe(0);
    expect(stdout).toMatch(/^full\(\), 1 token\n/);
    expect(stdout).toContain('at most 1 slice of');
    expect(stdout).not.toMatch(/\b1 (tokens|rows|slices)\b/);
  });

  it('looks at all heads of a layer together, or at one', async () => {
    const { stdout } = await sparse(['fit', 'model.sparse', '--layer', '1', '--json'], { cwd });
    const { libraries, ...about } = JSON.parse(stdout);
    expect(about).toEqual({
      format: 'sparse-attention/fit',
      version: 1,
      name: 'M',
      tokens: 1024,
      layer: 1,
      layers: 2,
      head: null,
      heads: 4,
    });
    expect(libraries.find((each: { id: string }) => each.id === 'flash-attention')).toEqual({
      id: 'flash-attention',
      name: 'FlashAttention window_size',
      version: expect.any(String),
      fits: false,
      because: 'one mask serves all heads, but heads 0 and 2 differ',
      pair: { query: 32, key: 0 },
    });
  });

  it('takes an expression, and needs a length for it', { timeout: 90_000 }, async () => {
    const expression = ['fit', '--expr', 'block(64) & causal()'];
    const found = await sparse([...expression, '--tokens', '1Mi'], { cwd });
    expect(found.stdout).toContain('"chunked_attention", attention_chunk_size=64\n');
    const lacking = await sparse(expression, { cwd });
    expect(lacking.code).toBe(2);
    expect(lacking.stderr).toMatch(/--tokens/);
    expect(lacking.stderr).not.toMatch(STACK_TRACE);
  });
});
