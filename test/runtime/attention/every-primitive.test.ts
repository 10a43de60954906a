import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { createCpuBackend } from '../../../runtime/attention/cpu/cpu.ts';
import { openDawn } from '../../../runtime/attention/gpu/dawn.node.ts';
import { createGpuBackend } from '../../../runtime/attention/gpu/gpu.ts';
import { sampleInput } from '../../../runtime/attention/sample-data.ts';
import type { Backend } from '../../../runtime/attention/types.ts';
import { compileHeadParts } from '../../../runtime/compile/compile-heads.ts';
import { primitives } from '../../../runtime/pattern/primitives.ts';
import { createLanguage, NO_FILES } from '../../../server/language.ts';
import { expectPartsCorrect } from './expect-correct.ts';

vi.setConfig({ testTimeout: 60_000 });

/** 144 tokens are 9 blocks of 16, a grid of 12 x 12, and no multiple of 32 or 64. */
const TOKENS = 144;
const expressions: Readonly<Record<string, readonly string[]>> = {
  full: ['full()'],
  none: ['none() | sliding(3)', 'none()'],
  diagonal: ['diagonal()'],
  causal: ['causal()', 'causal() - diagonal()'],
  window: ['window(20)', 'window(before: 9, after: 2, dilation: 3)', 'window(radius: 400)'],
  sliding: ['sliding(37)'],
  exponential: ['exponential() & causal()'],
  strided: ['strided(16) & causal()', 'strided(7, offset: 3)'],
  fixed: ['(fixed(16, columns: 2) | block(16)) & causal()'],
  global: ['global([0, -1]) | window(5)'],
  rows: ['rows([3..9])'],
  columns: ['columns([0, 70])'],
  diagonals: ['diagonals([0, 5, -64])'],
  block: ['block(50)'],
  blocked: ['blocked(16, window(1) | global([0]))'],
  random: ['random(5, seed: 3) & causal()'],
  axial: ['axial([12, 12])'],
  neighborhood: ['neighborhood([12, 12], 5, dilation: 2)'],
  tiles: ['tiles([12, 12], 4, shift: 2)'],
  documents: ['documents([100, 44]) & causal()'],
  prefix: ['prefix(30) | causal()'],
  transpose: ['transpose(rows([4]) | sliding(3))'],
  symmetric: ['symmetric(sliding(9))'],
  where: ['where (i, j) => i >= j && (i - j) % 13 < 2'],
};

let backends: readonly (readonly [string, Backend])[];
beforeAll(async () => {
  const opened = await openDawn();
  if ('reason' in opened) throw new Error(opened.reason);
  backends = [
    ['cpu', await createCpuBackend()],
    ['gpu', await createGpuBackend(opened.gpu, { poison: true })],
  ];
}, 30_000);
afterAll(() => {
  for (const [, backend] of backends) backend.dispose();
});

describe('attention over every primitive', () => {
  test('none is left out but those that read files or content', () => {
    const left = [...primitives.keys()].filter(name => !(name in expressions));
    expect(left).toEqual(['mask', 'topk', 'threshold', 'block_topk', 'lsh', 'routing', 'vertical_slash']);
  });

  test.each(Object.entries(expressions).flatMap(([, all]) => all))('%s', async expression => {
    const model = await createLanguage(NO_FILES).lowerExpression(expression);
    const parts = compileHeadParts(model, 0, [0], TOKENS, { tile: { queries: 32, keys: 32 } });
    const input = sampleInput({ heads: 1, kvHeads: 1, queries: TOKENS, keys: TOKENS, headDim: 16 }, 5);
    for (const [name, backend] of backends)
      await expectPartsCorrect(name, input, parts, await backend.run(input, parts, {}));
  });
});
