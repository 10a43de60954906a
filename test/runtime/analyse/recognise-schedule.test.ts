import { describe, expect, it } from 'vitest';
import { compareModels } from '../../../runtime/analyse/compare-models.ts';
import { recogniseSchedule, type Schedule } from '../../../runtime/analyse/recognise-schedule.ts';
import type { Model } from '../../../runtime/pattern/ir.ts';
import { createLanguage, type Language, NO_FILES } from '../../../server/language.ts';
import { libraryModules } from '../../../server/library.ts';

const language: Language = createLanguage(NO_FILES);

async function modelIn(source: string, name: string): Promise<Model> {
  const file = await language.open(`file:///${name}${Math.random()}.sparse`, source);
  return file.lower(name);
}

async function libraryModel(module: string, name: string): Promise<Model> {
  const { uri, text } = libraryModules.find(({ path }) => path === module)!;
  return (await language.open(uri.toString(), text)).lower(name);
}

const shortModel = (attention: string, layers: number): string =>
  `model M { tokens = 640  layers = ${layers}  heads = 2  dim = 8  attention = ${attention} }`;

async function scheduleOf(attention: string, layers: number): Promise<Schedule | undefined> {
  return recogniseSchedule(await modelIn(shortModel(attention, layers), 'M'));
}

describe('a schedule of layers', () => {
  it.each([
    ['sparse:gemma', 'Gemma2_9B', 'Gemma 2: sliding(4096), then causal(), repeated'],
    ['sparse:gemma', 'Gemma3_1B', 'Gemma 3: sliding(512) x5, then causal(), repeated'],
    ['sparse:gemma', 'Gemma3_4B', 'Gemma 3: sliding(1024) x5, then causal(), repeated'],
    ['sparse:gpt-oss', 'GptOss20B', 'GPT-OSS: sliding(128), then causal(), repeated'],
    ['sparse:llama', 'Llama4Maverick', 'Llama 4: block(8192) & causal() x3, then causal(), repeated'],
    ['sparse:modernbert', 'ModernBertBase', 'ModernBERT: full(), then window(128) x2, repeated'],
    ['sparse:phi', 'Phi3Small8K', 'Phi-3-small: phi3_small_sparse(64), then causal(), repeated'],
    ['sparse:qwen', 'Qwen2', 'causal() x28, then sliding(4096) x4'],
  ])('%s#%s is %s', async (module, name, title) => {
    expect(recogniseSchedule(await libraryModel(module, name))).toMatchObject({ title });
  });

  it.each([
    ['layer % 2 == 0 ? sliding(100) : causal()', 8],
    ['layer % 6 == 5 ? causal() : sliding(33)', 13],
    ['layer % 4 == 3 ? causal() : sliding(9)', 8],
    ['layer % 4 == 3 ? causal() : block(70) & causal()', 9],
    ['layer % 3 == 0 ? full() : window(12)', 7],
    ['layer % 2 == 0 ? sliding(16) : strided(16) & causal()', 4],
    ['axial([20, 32], axis: layer % 2 == 0 ? 1 : 0)', 4],
    ['neighborhood([20, 32], 3, dilation: layer % 2 == 1 ? 4 : 1)', 5],
  ])('%s over %i layers has a name that means the same', async (attention, layers) => {
    const model = await modelIn(shortModel(attention, layers), 'M');
    const { text, module, repeated } = recogniseSchedule(model)!;
    expect(repeated).toBe(true);
    const name = text!.slice(0, text!.indexOf('('));
    const named = await modelIn(`import { ${name} } from "${module}"\n${shortModel(text!, layers)}`, 'M');
    expect(compareModels(named, model)).toMatchObject({ equal: true });
  });

  it('is found by meaning', async () => {
    const spelt = 'layer % 6 > 4 ? (where (i, j) => j <= i) : (window(before: 99, after: 3) & causal())';
    expect(await scheduleOf(spelt, 12)).toMatchObject({
      family: 'Gemma 3',
      text: 'gemma3(100)',
      module: 'sparse:gemma',
    });
  });

  it('has the names of all designs that it is', async () => {
    expect(await scheduleOf('layer % 4 == 3 ? causal() : sliding(64)', 8)).toMatchObject({
      family: 'Cohere 2 or OLMo 3',
      title: 'Cohere 2 or OLMo 3: sliding(64) x3, then causal(), repeated',
    });
    expect(await scheduleOf('layer % 2 == 0 ? sliding(64) : causal()', 8)).toMatchObject({
      family: 'Gemma 2 or GPT-OSS',
    });
  });

  it('needs no name', async () => {
    expect(await scheduleOf('layer % 2 == 0 ? sliding(64) : sliding(65)', 6)).toMatchObject({
      family: null,
      text: null,
      steps: [
        { layers: 1, text: 'sliding(64)' },
        { layers: 1, text: 'sliding(65)' },
      ],
      title: 'sliding(64), then sliding(65), repeated',
    });
    // Two different layers repeat nothing, and one round and a half are not twice the same.
    expect(await scheduleOf('layer == 0 ? sliding(64) : causal()', 2)).toMatchObject({ repeated: false, family: null });
    expect(await scheduleOf('layer % 4 == 3 ? causal() : sliding(64)', 7)).toMatchObject({ repeated: false });
  });

  it('is none where all layers are alike, heads differ or content chooses', async () => {
    expect(await scheduleOf('sliding(64)', 4)).toBeUndefined();
    expect(await scheduleOf('sliding(64)', 1)).toBeUndefined();
    expect(await scheduleOf('layer % 2 == 0 ? sliding(8 + head) : causal()', 4)).toBeUndefined();
    expect(await scheduleOf('layer % 2 == 0 ? topk(8) : causal()', 4)).toBeUndefined();
  });

  it('stops when it is told to', async () => {
    const model = await modelIn(shortModel('layer % 2 == 0 ? sliding(64) : causal()', 4), 'M');
    const stop = new Error('enough');
    const checkpoint = (): void => {
      throw stop;
    };
    expect(() => recogniseSchedule(model, undefined, { checkpoint })).toThrow(stop);
  });
});
