import { describe, expect, test } from 'vitest';
import { budgetOf, limitText, typedLimit, USUAL_CHOICE } from '../../../client/webview/suggest/suggest-choice.ts';
import type { Suggested, SuggestJob } from '../../../client/webview/suggest/suggest-messages.ts';
import { suggestPattern } from '../../../client/webview/suggest/suggest-pattern.ts';
import { createAttention } from '../../../runtime/attention/attention.ts';
import { sampleInput } from '../../../runtime/attention/sample-data.ts';
import { createRowSelector } from '../../../runtime/dynamic/rows/row-selector.ts';
import { fromFloat32 } from '../../../runtime/tensor/convert.ts';
import { writeSafetensors } from '../../../runtime/tensor/safetensors.ts';
import { modelFiles, smallConfiguration } from '../../runtime/language-model/slow-model.ts';

const suggest = (
  job: Omit<SuggestJob, 'kind'>,
  onProgress = (_share: number, _doing: string) => {},
): Promise<Suggested> =>
  suggestPattern({ kind: 'suggest', ...job }, createAttention({}), createRowSelector(), {}, onProgress);

describe('in the worker of the page', () => {
  test('tensors of all layers of a file', async () => {
    const tensors = [0, 2].flatMap(layer => {
      const { q, k, v } = sampleInput({ heads: 2, kvHeads: 1, queries: 64, keys: 64, headDim: 8 }, layer);
      return [
        [`layer${layer}.q`, fromFloat32(q, [2, 64, 8])],
        [`layer${layer}.k`, fromFloat32(k, [1, 64, 8])],
        [`layer${layer}.v`, fromFloat32(v, [1, 64, 8])],
      ] as const;
    });
    const bytes = writeSafetensors(Object.fromEntries(tensors));
    const file = { uri: 'file:///x', name: 'x.safetensors', bytes };
    const shares: number[] = [];
    const found = await suggest(
      { subject: { kind: 'tensors', file }, budget: { density: 0.2 }, perHead: false, dynamic: false },
      share => shares.push(share),
    );
    expect(found.subject).toBe('x.safetensors');
    expect(found.prediction).toBeNull();
    expect(found.suggestion.heads.map(({ layer, head }) => [layer, head])).toEqual([
      [0, 0],
      [0, 1],
      [2, 0],
      [2, 1],
    ]);
    expect(found.suggestion.expression).not.toBeNull();
    expect(found.suggestion.density).toBeLessThanOrEqual(0.2);
    expect('model' in found.suggestion).toBe(false);
    expect(shares).toEqual([...shares].sort((a, b) => a - b));
    // It travels and is kept as JSON.
    expect(JSON.parse(JSON.stringify(found))).toEqual(found);
  });

  test('a language model, which predicts other sequences with it', async () => {
    const files = (sequences: number) => {
      const made = modelFiles(smallConfiguration, sequences);
      return {
        name: 'tiny',
        configuration: new TextDecoder().decode(made['config.json']),
        weights: new Uint8Array(made['model.safetensors']!),
        text: new Uint8Array(made['heldout.txt']!),
      };
    };
    const of = (sequences: number, density: number) =>
      suggest({
        subject: { kind: 'model', files: files(sequences) },
        budget: { density },
        ...{ perHead: true, dynamic: false },
      });
    const { prediction, suggestion } = await of(4, 1);
    expect(suggestion.recall).toBeCloseTo(1, 5);
    expect(prediction).toMatchObject({ tokens: 64, sequences: 2, searchedToo: false });
    expect(prediction!.suggested).toBeCloseTo(prediction!.full, 6);
    expect((await of(1, 0.2)).prediction).toMatchObject({ sequences: 1, searchedToo: true });
  });
});

describe('the limit', () => {
  test('is a percentage or a time', () => {
    expect(budgetOf(USUAL_CHOICE)).toEqual({ density: 0.1 });
    expect(budgetOf({ ...USUAL_CHOICE, limit: 'ms' })).toEqual({ ms: 10 });
    expect(limitText({ ...USUAL_CHOICE, density: 0.07 })).toBe('7');
    expect(typedLimit('density', ' 12.5 %')).toEqual({ density: 0.125 });
    expect(typedLimit('ms', '3 ms')).toEqual({ ms: 3 });
    for (const text of ['', '0', '-1', '101', 'many', '1e9']) expect(typedLimit('density', text)).toBeUndefined();
  });
});
