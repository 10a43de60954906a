import { describe, expect, it } from 'vitest';
import { ExportFitError } from '../../../runtime/export/misfit.ts';
import { modelFacts } from '../../../runtime/export/model-facts.ts';
import type { Model, Pattern } from '../../../runtime/pattern/ir.ts';
import { squareShape } from '../../../runtime/pattern/shape.ts';
import {
  and,
  blocked,
  type Case,
  caseOf,
  check,
  expectSame,
  isWhole,
  not,
  or,
  positions,
  primitive,
  refusal,
  write,
} from './cases.ts';
import { textOf } from './consumers.ts';
import { deepSpeedLayout, deepSpeedMode, flashAttention4, huggingFace, splash } from './model-consumers.ts';

const causal = primitive('causal');
const of = (pattern: Pattern, n: number): Case => caseOf([pattern], squareShape(n), false, false);

it('fa4', () => check(one => expectSame(flashAttention4(write('fa4', one.request).files[0]), one)));

describe('splash', () => {
  it('holds every mask, in lazy classes or blocks', () => {
    const kinds = new Set<string>();
    check(one => {
      const { files } = write('splash', one.request);
      expectSame(splash(files, one.request.shape), one);
      for (const [name] of textOf(files[0]).matchAll(/\w+Mask(?=\(shape)/g)) kinds.add(name);
      kinds.add(files.length === 1 ? 'lazy' : 'blocks');
    });
    expect([...kinds].sort()).toEqual(
      ['CausalMask', 'ChunkedCausalMask', 'FullMask', 'LocalMask', 'blocks', 'lazy'].sort(),
    );
  });

  it('a class that sees the future is only used where nothing is padded', () => {
    const window = primitive('window', { size: 12 });
    expect(write('splash', of(window, 128).request).files).toHaveLength(1);
    expect(write('splash', of(window, 129).request).files).toHaveLength(2);
    expect(write('splash', of(primitive('sliding', { size: 12 }), 129).request).files).toHaveLength(1);
  });
});

describe('deepspeed', () => {
  it('the layout is the mask, and a configuration means the same layout', () => {
    const modes = new Set<string>();
    let refused = 0;
    check(one => {
      const { queries, tokens } = one.request.shape;
      const holds = queries === tokens && tokens % 16 === 0 && isWhole(one, 16, () => true);
      expect(refusal('deepspeed', one.request) === undefined).toBe(holds);
      if (!holds) {
        refused++;
        return;
      }
      modes.add(expectLayout(one));
    });
    expect(refused).toBeGreaterThan(10);
    expect(modes.size).toBeGreaterThan(1);
  });

  /** The mode that a case has; checks that module, configuration and mask say the same. */
  function expectLayout(one: Case): string {
    const { files } = write('deepspeed', one.request);
    const { block, heads, layout } = deepSpeedLayout(files[0]);
    expect(heads).toBe(one.heads);
    expectSame((head, i, j) => layout(head, Math.floor(i / block), Math.floor(j / block)), one);
    if (files[1] === undefined) return 'none';
    expect(files[1].extension).toBe('json');
    const config = JSON.parse(textOf(files[1])).sparse_attention;
    const size = one.request.shape.tokens / config.block;
    for (let head = 0; head < one.heads; head++) {
      // Without different layouts every head has that of the first.
      const set = deepSpeedMode(config, config.different_layout_per_head === true ? head : 0, size);
      expectSame((_, i, j) => set[Math.floor(i / config.block)]![Math.floor(j / config.block)]!, {
        ...one,
        heads: 1,
        allows: (__, i, j) => one.allows(head, i, j),
      });
    }
    return config.mode;
  }

  it.each<[string, Pattern, number]>([
    ['dense', primitive('full'), 96],
    ['bslongformer', blocked(16, or(primitive('window', { size: 4 }), positions('global', 0, 3))), 160],
    ['bslongformer', blocked(32, primitive('diagonal')), 160],
    ['fixed', blocked(16, and(or(primitive('block', { size: 4 }), primitive('fixed', { stride: 4 })), causal)), 160],
    ['fixed', blocked(16, or(primitive('block', { size: 3 }), primitive('fixed', { stride: 3 }))), 192],
    ['fixed', blocked(16, causal), 80],
    ['variable', blocked(16, or(primitive('block', { size: 3 }), positions('columns', 1))), 160],
    ['variable', blocked(16, and(primitive('block', { size: 3 }), causal)), 160],
    ['none', blocked(16, primitive('strided', { stride: 3 })), 160],
    ['none', not(primitive('full')), 64],
  ])('%s (case %#)', (mode, pattern, n) => expect(expectLayout(of(pattern, n))).toBe(mode));

  it('heads whose global blocks take turns', () => {
    const columns = (k: number): Pattern =>
      blocked(
        16,
        and(or(primitive('block', { size: 4 }), and(primitive('strided', { stride: 1 }), columnsOf(k))), causal),
      );
    /** Columns j with j % 4 = k, on the grid. */
    const columnsOf = (k: number): Pattern => positions('columns', ...[0, 1].map(window => 4 * window + k));
    const one = caseOf([3, 2, 1, 3].map(columns), squareShape(128), true, false);
    expect(expectLayout(caseOf([3, 2, 1, 0].map(columns), squareShape(128), true, false))).toBe('fixed');
    // The fourth head would have the first column.
    expect(expectLayout(one)).not.toBe('bslongformer');
  });

  it('rounds up when asked', () => {
    const { request } = of(primitive('sliding', { size: 40 }), 96);
    expect(refusal('deepspeed', request)?.message).toContain('whole blocks of 16 x 16');
    expect(write('deepspeed', { ...request, approximate: true }).addedPairs).toBeGreaterThan(0);
    expect(refusal('deepspeed', { ...request, shape: { ...squareShape(96), queries: 32 } })?.message).toContain(
      'as many queries as keys',
    );
  });
});

describe('hf', () => {
  it('a configuration means exactly the mask, or there is none', () => {
    const kinds = new Set<string>();
    let refused = 0;
    check(one => {
      const error = refusal('hf', one.request);
      if (error !== undefined) {
        refused++;
        return;
      }
      const { shape } = one.request;
      for (const [type, allows] of huggingFace(write('hf', one.request).files, shape)) {
        kinds.add(type);
        expectSame((_, i, j) => allows(i, j), one);
      }
    });
    expect(refused).toBeGreaterThan(10);
    expect(kinds).toContain('decoder');
    expect(kinds).toContain('longt5');
  });

  const fieldsOf = (request: Case['request']): Record<string, unknown> =>
    JSON.parse(textOf(write('hf', request).files[0]));

  it.each<[Pattern, Record<string, unknown>]>([
    [causal, { decoder: { sliding_window: null } }],
    [primitive('sliding', { size: 9 }), { decoder: { sliding_window: 9 } }],
    [and(primitive('block', { size: 20 }), causal), { decoder: { attention_chunk_size: 20, sliding_window: null } }],
    [
      or(primitive('window', { size: 8 }), positions('global', 0, 7)),
      {
        longformer: { model_type: 'longformer', attention_window: 8 },
        led: { model_type: 'led', attention_window: 8 },
      },
    ],
  ])('fields of case %#', (pattern, fields) => {
    const one = of(pattern, 100);
    expect(fieldsOf(one.request)).toEqual(fields);
    for (const allows of huggingFace(write('hf', one.request).files, one.request.shape).values())
      expectSame((_, i, j) => allows(i, j), one);
  });

  const model = (...patterns: Pattern[]): Model => ({
    name: 'm',
    kind: 'model',
    tokens: 64,
    queries: null,
    align: 'end',
    layers: patterns.length,
    heads: 2,
    kvHeads: 2,
    headDim: 32,
    dtype: 'f32',
    batch: 1,
    causal: false,
    rules: patterns.map((pattern, layer) => ({ layers: [layer], heads: [0, 1], pattern })),
  });
  const requestOf = (of: Model) => ({
    ...caseOf([causal], squareShape(64), false, false).request,
    ...modelFacts(of, 64),
  });

  it('has the kinds of all layers of a model', () => {
    const sliding = primitive('sliding', { size: 9 });
    expect(fieldsOf(requestOf(model(sliding, sliding, causal)))).toEqual({
      decoder: { layer_types: ['sliding_attention', 'sliding_attention', 'full_attention'], sliding_window: 9 },
    });
    const window = (size: number): Pattern => or(primitive('window', { size }), positions('global', 0));
    const request = requestOf(model(window(8), window(16)));
    expect(fieldsOf(request)).toMatchObject({ longformer: { attention_window: [8, 16] } });
    const { files } = write('hf', request);
    for (const [layer, size] of [8, 16].entries()) {
      const one = of(window(size), 64);
      for (const allows of huggingFace(files, one.request.shape, layer).values())
        expectSame((_, i, j) => allows(i, j), one);
    }
    expect(requestOf(model(causal)).headDim).toBe(32);
  });

  it('is ModernBERT where layers that see everything stand between local ones, and also where all are local', () => {
    const [window, full] = [primitive('window', { size: 8 }), primitive('full')];
    const modernbert = {
      model_type: 'modernbert',
      local_attention: 8,
      layer_types: ['full_attention', 'sliding_attention', 'sliding_attention'],
    };
    const request = requestOf(model(full, window, window));
    expect(fieldsOf(request)).toEqual({ modernbert });
    const { files } = write('hf', request);
    for (const [layer, pattern] of [full, window, window].entries()) {
      const one = of(pattern, 64);
      const allows = huggingFace(files, one.request.shape, layer).get('modernbert')!;
      expectSame((_, i, j) => allows(i, j), one);
    }
    expect(Object.keys(fieldsOf(requestOf(model(window, window))))).toEqual([
      'longformer',
      'led',
      'longt5',
      'modernbert',
    ]);
    // Windows of layers by themselves are Longformer's alone.
    expect(Object.keys(fieldsOf(requestOf(model(window, primitive('window', { size: 12 })))))).toEqual([
      'longformer',
      'led',
    ]);
    expect(fieldsOf(requestOf(model(full, full)))).toEqual({
      modernbert: { model_type: 'modernbert', layer_types: ['full_attention', 'full_attention'] },
    });
  });

  it('a last query has the window of a decoder, which never looks ahead', () => {
    const shape = { ...squareShape(60), queries: 1, offset: 59 };
    const one = caseOf([primitive('window', { size: 8 })], shape, false, false);
    expect(fieldsOf(one.request)).toEqual({ decoder: { sliding_window: 5 } });
    expectSame((_, i, j) => huggingFace(write('hf', one.request).files, shape).get('decoder')!(i, j), one);
  });

  it('refuses layers that one configuration cannot have together', () => {
    const sliding = (size: number): Pattern => primitive('sliding', { size });
    const why = (...patterns: Pattern[]): string | undefined => refusal('hf', requestOf(model(...patterns)))?.message;
    expect(why(sliding(9), sliding(10))).toContain('one sliding_window, but here are 9 and 10');
    const global = (at: number): Pattern => or(primitive('window', { size: 8 }), positions('global', at));
    expect(why(global(0), global(1))).toContain('layer 1 has others');
    expect(why(causal, or(causal, positions('columns', 5)))).toMatch(/layer 1: .*query/);
    const full = primitive('full');
    expect(why(full, global(0))).toContain('layer 0 sees everything, which no model has beside global tokens');
    const window = (size: number): Pattern => primitive('window', { size });
    expect(why(window(8), full, window(12))).toMatch(/layer 1 sees everything, .* but here are 8 and 12/);
    expect(refusal('hf', caseOf([causal, sliding(5)], squareShape(40), true, false).request)).toBeInstanceOf(
      ExportFitError,
    );
  });
});
