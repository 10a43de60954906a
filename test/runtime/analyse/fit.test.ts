import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { FitMask } from '../../../runtime/analyse/fit/subject.ts';
import { fitOf, libraries } from '../../../runtime/analyse/fit.ts';
import type { Argument, Model, Pattern } from '../../../runtime/pattern/ir.ts';
import { squareShape } from '../../../runtime/pattern/shape.ts';
import { createLanguage, NO_FILES } from '../../../server/language.ts';
import { arbitraryPattern } from '../arbitrary-pattern.ts';
import { allows } from '../brute-force.ts';

const language = createLanguage(NO_FILES);

async function lowered(text: string, name = 'p'): Promise<Model> {
  const file = await language.open('memory:///fit.sparse', text);
  expect(file.diagnostics.filter(({ severity }) => severity === 'error')).toEqual([]);
  return file.lower(name);
}

/** How each library takes a pattern: what to call, or `-` and the reason. */
async function fits(expression: string, tokens: number): Promise<Record<string, string>> {
  const model = await lowered(`pattern p = ${expression}`);
  return Object.fromEntries(
    fitOf(model, { layer: 0, head: 0, tokens }).map(each => [each.id, each.fits ? each.how : `- ${each.because}`]),
  );
}

describe('which libraries can express', () => {
  test('a causal sliding window', async () => {
    expect(await fits('where (i, j) => i >= j && i - j < 256', 4096)).toMatchObject({
      'flex-attention':
        'BlockMask.from_kv_blocks with a complete mask_mod; kernel_options that hold: ROWS_GUARANTEED_SAFE',
      'flash-attention': 'window_size=(255, 0), causal=True',
      flashmask: 'startend_row_indices, causal=True with 2 rows for each key',
      'hf-decoders': '"sliding_attention", sliding_window=256',
      'onnx-group-query': 'local_window_size=256',
      'jax-splash': 'LocalMask((4096, 4096), (255, 0), 0)',
      xformers: 'LowerTriangularFromBottomRightLocalAttentionMask(256)',
      'magi-attention': 'at most 4096 slices of type FULL; regular masks need far fewer',
      'hf-longformer':
        '- it takes a window with as many keys on both sides and global tokens alone, but this is sliding(256)',
      'hf-bigbird': '- it always adds at least one random block',
      flashinfer: 'plan with R=C=128 and mask= for the blocks that are partly allowed',
      deepspeed: expect.stringMatching(/^- it takes whole blocks of 16 x 16, but of one block query 0 sees key 0/),
      'onnx-sparse': expect.stringMatching(/^- it takes whole blocks of 16 x 16 cut to the past/),
      'block-sparse-attention': expect.stringMatching(/^- it takes whole blocks of 128 x 128 cut to the past/),
    });
  });

  test('causal attention', async () => {
    expect(await fits('causal()', 4096)).toMatchObject({
      'flash-attention': 'window_size=(-1, 0), causal=True',
      'hf-decoders': '"full_attention"',
      'onnx-group-query': 'local_window_size=-1',
      'onnx-sparse': 'sparse_block_size=128 with 1 layout',
      'block-sparse-attention': 'base_blockmask, is_causal=True',
      'jax-splash': 'CausalMask((4096, 4096))',
      xformers: 'LowerTriangularFromBottomRightMask',
    });
  });

  test('Longformer', async () => {
    expect(await fits('window(512) | global([0, -1])', 4096)).toMatchObject({
      'hf-longformer': 'attention_window=512, global_attention_mask=1 at [0, -1]',
      'onnx-longformer': 'window=256, global=1 at [0, -1]',
      flashmask: 'startend_row_indices, causal=False with 4 rows for each key',
      'flash-attention': '- the keys of a query are one window, but query 1 sees keys 257 and 4095 and not 258',
      'hf-decoders': '- it is causal only, but query 0 sees key 1',
      'onnx-group-query': '- it is causal only, but query 0 sees key 1',
    });
    // A third global token splits what is hidden.
    expect((await fits('window(512) | global([2000])', 4096)).flashmask).toMatch(
      /^- key 0 must be hidden from one stretch of the queries from it on, but it is hidden from 1999 and 2001 and seen by 2000/,
    );
  });

  test('blocks', async () => {
    const found = await fits('blocked(64, window(3) | global([0, -1]) | random(3))', 4096);
    expect(found).toMatchObject({
      deepspeed: 'a SparsityConfig with block=64 whose make_layout returns the blocks',
      'triton-layout': 'layout int64 [heads, 64, 64] with block 64',
      'hf-bigbird': expect.stringContaining('NumPy'),
      flashmask: expect.stringMatching(/^- key/),
      flashinfer: 'plan with R=C=128 and mask= for the blocks that are partly allowed',
      'block-sparse-attention': expect.stringMatching(/^- it takes whole blocks of 128 x 128, but/),
    });
    expect((await fits('blocked(64, window(3))', 4100)).deepspeed).toBe(
      '- the length must be a multiple of 16, but is 4100',
    );
    expect((await fits('blocked(128, sliding(3)) & causal()', 4096))['block-sparse-attention']).toBe(
      'base_blockmask, is_causal=True',
    );
    expect((await fits('blocked(64, sliding(3)) & causal()', 4096))['onnx-sparse']).toBe(
      'sparse_block_size=64 with 1 layout',
    );
    expect((await fits('blocked(128, sliding(3))', 1000))['sparge-attn']).toMatch(/^mask_id/);
  });

  test('chunks, documents, sinks and holes', async () => {
    expect(await fits('block(512) & causal()', 4096)).toMatchObject({
      'hf-decoders': '"chunked_attention", attention_chunk_size=512',
      'jax-splash': 'ChunkedCausalMask((4096, 4096), 512)',
      xformers: 'BlockDiagonalMask.from_seqlens([512, ...]).make_causal()',
      'flash-attention': expect.stringMatching(/^- the window is the same for all queries, but query 1 sees key 0/),
    });
    expect((await fits('documents([100, 300, 112])', 512)).xformers).toBe(
      'BlockDiagonalMask.from_seqlens([100, 300, 112])',
    );
    expect((await fits('sliding(256) | prefix(4) & causal()', 4096))['block-sparse-attention']).toBe(
      'token_streaming_attn_func: head_mask_type -1 with sink 4 and local 256',
    );
    const hole = await fits('causal() - rows([7])', 64);
    expect(hole['jax-splash']).toBe('- a query without keys is not allowed: query 7');
    expect(hole['flex-attention']).not.toContain('ROWS_GUARANTEED_SAFE');
  });

  test.each([
    [
      'neighborhood([32, 64], [7, 5], dilation: [2, 1])',
      'na2d(kernel_size=(7, 5), dilation=(2, 1)) over tokens of 32 x 64',
    ],
    ['neighborhood([2048], 9, stride: 3)', 'na1d(kernel_size=9, stride=3)'],
    [
      'neighborhood([8, 16, 16], [3, 4, 4], causal: [1, 0, 0])',
      'na3d(kernel_size=(3, 4, 4), is_causal=(True, False, False)) over tokens of 8 x 16 x 16',
    ],
    ['where (i, j) => i >= j && i - j < 100', 'na1d(kernel_size=100, is_causal=True)'],
    ['window(before: 9, after: 0, dilation: 4)', 'na1d(kernel_size=10, dilation=4, is_causal=True)'],
    ['causal()', 'na1d(kernel_size=2048, is_causal=True)'],
    ['full()', 'na1d(kernel_size=2048)'],
    ['block(64)', 'na1d(kernel_size=64, stride=64)'],
    ['block(64) & causal()', 'na1d(kernel_size=64, stride=64, is_causal=True)'],
    ['tiles([32, 64], 8)', 'na2d(kernel_size=(8, 8), stride=(8, 8)) over tokens of 32 x 64'],
    ['strided(16)', 'na1d(kernel_size=128, dilation=16)'],
    // The last block is short, and NATTEN would push it inward.
    ['block(100)', '- it takes neighbourhoods alone, but this is block(100)'],
    ['window(64)', '- a window has as many keys at the borders as inside, but query 0 sees 33 keys and others see 65'],
    ['window(64) | global([0])', '- it takes neighbourhoods alone, but this is window(64) | global([0])'],
    ['neighborhood([4, 8, 8, 8], 3)', '- it has 1 to 3 axes, but this grid has 4'],
  ])('%s with NATTEN', async (expression, how) => {
    expect((await fits(expression, 2048)).natten).toBe(how);
  });

  test('heads that differ', async () => {
    const model = await lowered(
      'model M { tokens = 256 heads = 4 kv_heads = 2 head_dim = 8 attention = sliding(16) attention heads [2, 3] = sliding(32) }',
      'M',
    );
    const layer = fitOf(model, { layer: 0 });
    const of = (id: string) => layer.find(each => each.id === id);
    expect(of('flash-attention')).toMatchObject({
      fits: false,
      because: 'one mask serves all heads, but heads 0 and 2 differ',
      pair: { query: 16, key: 0 },
    });
    // Heads 0 and 1 share keys, and so do 2 and 3.
    expect(of('flashmask')?.fits).toBe(true);
    expect(of('jax-splash')).toMatchObject({
      fits: true,
      how: 'LocalMask((256, 256), (15, 0), 0); LocalMask((256, 256), (31, 0), 0)',
    });
    const one = fitOf(model, { layer: 0, head: 2 }).find(each => each.id === 'flash-attention');
    expect(one).toMatchObject({ fits: true, how: 'window_size=(31, 0), causal=True' });
    const split = await lowered(
      'model M { tokens = 256 heads = 4 kv_heads = 2 head_dim = 8 attention = sliding(16) attention heads [1] = sliding(32) }',
      'M',
    );
    expect(fitOf(split, { layer: 0 }).find(each => each.id === 'flashmask')).toMatchObject({
      fits: false,
      because: 'heads 0 and 1 share keys and must share the mask, but differ',
    });
  });

  test('fewer queries than keys', async () => {
    const model = await lowered(
      'model M { tokens = 256 queries = 64 heads = 1 head_dim = 8 attention = sliding(16) }',
      'M',
    );
    const found = Object.fromEntries(
      fitOf(model, { layer: 0 }).map(each => [each.id, each.fits ? each.how : each.because]),
    );
    expect(found['flash-attention']).toBe('window_size=(15, 0), causal=True');
    expect(found['jax-splash']).toBe('LocalMask((64, 256), (15, 0), 192)');
    expect(found.flashmask).toBe('as many queries as keys are needed, but there are 64 and 256');
    const start = await lowered(
      'model M { tokens = 256 queries = 64 align = start heads = 1 head_dim = 8 attention = sliding(16) }',
      'M',
    );
    expect(fitOf(start, { layer: 0 }).find(each => each.id === 'flash-attention')).toMatchObject({ fits: false });
  });

  test('every library has a name of its own, a version and one line', () => {
    expect(new Set(libraries.map(({ id }) => id)).size).toBe(libraries.length);
    for (const { name, version, takes } of libraries)
      for (const text of [name, version, takes]) expect(text).toMatch(/^\S.*\S$/);
  });
});

describe('the facts behind', () => {
  /** Is `allowed` one stretch at most? */
  const stretches = (missing: readonly boolean[]): number =>
    missing.filter((each, at) => each && missing[at - 1] !== true).length;

  test('a column that FlashMask cannot say', () => {
    let broken = 0;
    fc.assert(
      fc.property(arbitraryPattern, fc.integer({ min: 1, max: 120 }), (pattern, n) => {
        const shape = squareShape(n);
        const found = new FitMask(pattern, shape, {}).brokenColumn;
        const hidden = (key: number, from: number, to: number): boolean[] =>
          Array.from({ length: to - from }, (_, at) => !allows(pattern, shape, from + at, key));
        const possible = Array.from({ length: n }, (_, key) => key).every(
          key => stretches(hidden(key, 0, key)) <= 1 && stretches(hidden(key, key, n)) <= 1,
        );
        expect(found === undefined).toBe(possible);
        if (found === undefined) return;
        broken++;
        const [first, held, last] = found.queries;
        expect([first, held, last].map(query => allows(pattern, shape, query, found.key))).toEqual([
          false,
          true,
          false,
        ]);
        expect(first < held && held < last).toBe(true);
        expect(found.side === 'before' ? last < found.key : first >= found.key).toBe(true);
      }),
      { numRuns: 300 },
    );
    expect(broken).toBeGreaterThan(30);
  });

  test.each([
    [16, 16],
    [32, 16],
    [64, 64],
  ])('a tile of %i x %i that is neither empty nor whole', (queries, keys) => {
    let whole = 0;
    const number = (value: number): Argument => ({ type: 'number', value: { op: 'number', value } });
    const blocks = fc.tuple(fc.constantFrom(16, 32, 64), fc.nat(3), fc.nat(3)).map(([size, before, after]): Pattern => {
      const args = { before: number(before), after: number(after) };
      const p: Argument = { type: 'pattern', value: { kind: 'primitive', name: 'window', args } };
      return { kind: 'primitive', name: 'blocked', args: { size: number(size), p } };
    });
    fc.assert(
      fc.property(fc.oneof(arbitraryPattern, blocks), fc.integer({ min: 1, max: 140 }), fc.boolean(), (p, n, cut) => {
        const causal: Pattern = { kind: 'primitive', name: 'causal', args: {} };
        const pattern: Pattern = cut ? { kind: 'intersection', left: p, right: causal } : p;
        const shape = squareShape(n);
        const found = new FitMask(pattern, shape, {}).brokenTile({ queries, keys }, cut);
        let expected: number | undefined;
        for (let row = 0; row < n && expected === undefined; row += queries)
          for (let column = 0; column < n; column += keys) {
            const states = new Set<boolean>();
            for (let i = row; i < Math.min(n, row + queries); i++)
              for (let j = column; j < Math.min(n, column + keys); j++)
                if (!cut || j <= i) states.add(allows(pattern, shape, i, j));
            if (states.size === 2) expected = row;
          }
        expect(found && Math.floor(found.held.query / queries) * queries).toBe(expected);
        if (found === undefined) {
          whole++;
          return;
        }
        const { held, missing } = found;
        expect(allows(pattern, shape, held.query, held.key)).toBe(true);
        expect(allows(pattern, shape, missing.query, missing.key)).toBe(false);
        expect(cut && missing.key > missing.query).toBe(false);
        expect(Math.floor(held.query / queries)).toBe(Math.floor(missing.query / queries));
        expect(Math.floor(held.key / keys)).toBe(Math.floor(missing.key / keys));
      }),
      { numRuns: 150 },
    );
    expect(whole).toBeGreaterThan(10);
  });
});
