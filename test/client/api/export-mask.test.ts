import { describe, expect, it } from 'vitest';
import { type ExportedFile, ExportSizeError, exportMask } from '../../../client/api/export-mask.ts';
import { parse, parseExpression } from '../../../client/api/parse.ts';
import { PatternError } from '../../../runtime/pattern/primitive.ts';

const text = ({ contents }: ExportedFile): Promise<string> => new Blob([...contents]).text();

describe('exportMask', () => {
  it('tells formats what the model says beyond the masks of a layer', async () => {
    const file = await parse(
      'model M { tokens = 64  layers = 3  heads = 2  head_dim = 24  attention = sliding(9)  attention layers [2] = causal() }',
    );
    const model = file.model();
    expect(JSON.parse(await text(exportMask(model, { format: 'hf' }).files[0]))).toEqual({
      decoder: { layer_types: ['sliding_attention', 'sliding_attention', 'full_attention'], sliding_window: 9 },
    });
    for (const head of [1, 'all'] as const)
      expect(await text(exportMask(model, { format: 'wgsl', head }).files[0])).toContain(' HEAD_DIM 24 ');
  });

  it('says what is wrong with a choice', async () => {
    const pattern = await parseExpression('causal()');
    expect(() => exportMask(pattern, { format: 'npy' })).toThrow(PatternError);
    expect(() => exportMask(pattern, { format: 'npy', tokens: 8, layer: 1 })).toThrow(/layers 0 to 0, got layer 1/);
    expect(() => exportMask(pattern, { format: 'npz-dense', tokens: 2 ** 17 })).toThrow(ExportSizeError);
    expect(() => exportMask(pattern, { format: 'nothing', tokens: 8 })).toThrow(
      /there is no format nothing; there are npy,/,
    );
  });
});
