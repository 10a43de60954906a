import { describe, expect, test } from 'vitest';
import { TextDocument } from 'vscode-languageserver-textdocument';
import { bindPattern } from '../../runtime/pattern/bind.ts';
import type { Model } from '../../runtime/pattern/ir.ts';
import { patternAt, shapeAt } from '../../runtime/pattern/model.ts';
import { primitives } from '../../runtime/pattern/primitives.ts';
import { createLanguage, NO_FILES } from '../../server/language.ts';
import { libraryModules, libraryText } from '../../server/library.ts';
import { openDocument } from './lsp/open-document.ts';

const language = createLanguage(NO_FILES);

/** What the published design says, one pair at a time, with no word in common with the library. */
interface Place {
  readonly n: number;
  readonly head: number;
  readonly layer: number;
}
type Definition = (i: number, j: number, place: Place) => boolean;

const floor = Math.floor;
const blockOf = (position: number, size: number): number => floor(position / size);
const isBelow =
  (limit: number): Definition =>
  (i, j) =>
    i - j >= 0 && i - j < limit;
/** Keys by content differ with the data: these files have no mask to compare. */
const DYNAMIC = ['topk', 'block_topk', 'lsh', 'routing', 'vertical_slash'];

/** One axis of neighbourhood attention: window of `kernel` in the residue class of `dilation`, pushed inward. */
function isNeighbour(x: number, y: number, extent: number, kernel: number, dilation: number): boolean {
  if (x % dilation !== y % dilation) return false;
  const group = floor((extent - 1 - (x % dilation)) / dilation) + 1;
  const before = floor(kernel / 2);
  const after = before + (kernel % 2) - 1;
  const centre = Math.min(Math.max(floor(x / dilation), before), group - 1 - after);
  const other = floor(y / dilation);
  return other >= centre - before && other <= centre + after;
}

/** BigBird's three consecutive blocks and its first and last ones. */
function isBigBird(size: number): Definition {
  return (i, j, { n }) => {
    const last = Math.ceil(n / size) - 1;
    const [row, column] = [blockOf(i, size), blockOf(j, size)];
    return [row, column].some(block => block === 0 || block === last) || Math.abs(row - column) <= 1;
  };
}

/** LogSparse with restarts as its code walks back through the history, without what that does to the first rows. */
function isRestarted(stretch: number, near: number): Definition {
  return (i, j) => {
    for (let end = i; end >= 0; end -= stretch) {
      if (j <= end && j > end - near) return true;
      for (let step = 1; near - 1 + step <= stretch; step *= 2) if (j === end - near + 1 - step) return true;
    }
    return false;
  };
}

const restartedByDefault: Definition = (i, j, place) => {
  const stretch = Math.max(2, Math.ceil(place.n / 4));
  return isRestarted(stretch, Math.max(1, Math.ceil(Math.log2(stretch))))(i, j, place);
};

/** Sliding tiles as the kernel sees them: which tile a token is in, and the window of tiles around it, inside the video. */
function isInSlidingTiles(extent: readonly number[], tile: readonly number[], window: number): Definition {
  const coordinates = (position: number): number[] => {
    const [, height = 1, width = 1] = extent;
    return [floor(position / (height * width)), floor(position / width) % height, position % width];
  };
  return (i, j) => {
    const key = coordinates(j);
    return coordinates(i).every((x, axis) => {
      const size = tile[axis] ?? 1;
      const tiles = (extent[axis] ?? 1) / size;
      const side = floor(window / 2);
      const centre = Math.min(Math.max(floor(x / size), side), tiles - 1 - side);
      return Math.abs(floor((key[axis] ?? 0) / size) - centre) <= side;
    });
  };
}

/** The three masks whose union the code of block diffusion trains with. */
function isBlockDiffusion(size: number): Definition {
  return (i, j, { n }) => {
    const half = n / 2;
    const isClean = (p: number): boolean => p >= half;
    const block = (p: number): number => floor((isClean(p) ? p - half : p) / size);
    const diagonal = block(i) === block(j) && isClean(i) === isClean(j);
    const offset = block(i) > block(j) && !isClean(i) && isClean(j);
    const causal = block(i) >= block(j) && isClean(i) && isClean(j);
    return diagonal || offset || causal;
  };
}

const sideOf = (n: number): number => Math.round(Math.sqrt(n));
/** One layer of Swin: which window a coordinate is in after rolling the image by the shift and masking what wrapped. */
function swinWindow(x: number, size: number, shift: number, extent: number): number {
  if (shift === 0) return floor(x / size);
  const rolled = (x - shift + extent) % extent;
  // The reference implementation: regions [0, -size), [-size, -shift), [-shift, end) of the rolled image keep apart.
  const region = rolled < extent - size ? 0 : rolled < extent - shift ? 1 : 2;
  return floor(rolled / size) * 10 + region;
}

const cases: readonly (readonly [
  file: string,
  call: string,
  lengths: readonly number[],
  heads: number,
  layers: number,
  definition: Definition,
])[] = [
  [
    'longformer',
    'longformer(6, [0, 5])',
    [7, 33],
    1,
    1,
    (i, j) => Math.abs(i - j) <= 3 || [0, 5].includes(i) || [0, 5].includes(j),
  ],
  [
    'longformer',
    'longformer_dilated(5, 3)',
    [33],
    1,
    1,
    (i, j) => i === 0 || j === 0 || [-6, -3, 0, 3, 6].includes(i - j),
  ],
  ['bigbird', 'bigbird(4, random_blocks: 0)', [4, 31, 37], 2, 1, isBigBird(4)],
  [
    'bigbird',
    'bigbird_etc(5, 3)',
    [4, 40],
    1,
    1,
    (i, j) => i < 5 || j < 5 || Math.abs(blockOf(i - 5, 3) - blockOf(j - 5, 3)) <= 1,
  ],
  [
    'bigbird',
    'bigbird_etc(8, 3)',
    [41],
    1,
    1,
    (i, j) => i < 8 || j < 8 || Math.abs(blockOf(i - 8, 3) - blockOf(j - 8, 3)) <= 1,
  ],
  ['bigbird', 'etc(4, 3)', [3, 30], 1, 1, (i, j) => i < 4 || j < 4 || Math.abs(i - j) <= 3],
  ['sparse-transformer', 'sparse_strided(5)', [31], 2, 1, (i, j) => j <= i && (i - j < 5 || (i - j) % 5 === 0)],
  [
    'sparse-transformer',
    'sparse_strided_heads(5)',
    [31],
    4,
    1,
    (i, j, { head }) => j <= i && (head < 2 ? i - j < 5 : (i - j) % 5 === 0),
  ],
  [
    'sparse-transformer',
    'sparse_strided_interleaved(5)',
    [31],
    1,
    3,
    (i, j, { layer }) => j <= i && (layer % 2 === 0 ? i - j < 5 : (i - j) % 5 === 0),
  ],
  [
    'sparse-transformer',
    'sparse_fixed(8, 2)',
    [37],
    1,
    1,
    (i, j) => j <= i && (blockOf(i, 8) === blockOf(j, 8) || [6, 7].includes(j % 8)),
  ],
  [
    'sparse-transformer',
    'sparse_fixed_heads(8, 2, groups: 3)',
    [37],
    6,
    1,
    (i, j, { head }) =>
      j <= i &&
      (blockOf(i, 8) === blockOf(j, 8) ||
        (
          [
            [6, 7],
            [4, 5],
            [2, 3],
          ] as const
        )[head % 3]!.some(c => c === j % 8)),
  ],
  ['log-sparse', 'log_sparse', [40], 1, 1, (i, j) => [0, 1, 2, 4, 8, 16, 32].includes(i - j)],
  ['log-sparse', 'log_sparse_local', [40], 1, 1, (i, j) => [0, 1, 2, 3, 4, 5, 8, 16, 32].includes(i - j)],
  ['log-sparse', 'log_sparse_local', [1, 2], 1, 1, (i, j) => j <= i],
  ['log-sparse', 'log_sparse_restart(8)', [7, 60], 1, 1, isRestarted(8, 3)],
  ['log-sparse', 'log_sparse_restart(11, 2)', [45], 1, 1, isRestarted(11, 2)],
  ['log-sparse', 'log_sparse_restart', [1, 5, 64], 1, 1, restartedByDefault],
  ['streaming', 'streaming_llm(5, 2)', [1, 31], 1, 1, (i, j) => j <= i && (j < 2 || j > i - 5)],
  ['streaming', 'a_shape(3, 4)', [30], 1, 1, (i, j) => j <= i && (j < 3 || i - j < 4)],
  ['streaming', 'tri_shape(3, 4, 6)', [4, 30], 1, 1, (i, j, { n }) => j <= i && (j < 3 || i - j < 4 || i >= n - 6)],
  [
    'streaming',
    'duo_attention(5, 2)',
    [31],
    5,
    1,
    // Heads 0 to 2 of five are in the first half.
    (i, j, { head }) => j <= i && (head <= 2 || j < 2 || i - j < 5),
  ],
  [
    'streaming',
    'star_attention(6, 4)',
    [3, 29],
    1,
    1,
    (i, j, { n }) => j <= i && (j < 6 || i >= n - 4 || blockOf(i, 6) === blockOf(j, 6)),
  ],
  ['streaming', 'prefix_lm(7)', [5, 20], 1, 1, (i, j) => j < 7 || j <= i],
  ['mistral', 'mistral(5)', [23], 1, 1, isBelow(5)],
  ['gemma', 'gemma2(5)', [23], 1, 4, (i, j, { layer }) => j <= i && (layer % 2 === 1 || i - j < 5)],
  ['gemma', 'gemma3(5)', [23], 1, 13, (i, j, { layer }) => j <= i && ((layer + 1) % 6 === 0 || i - j < 5)],
  ['gpt-oss', 'gpt_oss(5)', [23], 1, 3, (i, j, { layer }) => j <= i && (layer % 2 === 1 || i - j < 5)],
  ['olmo', 'olmo3(5)', [23], 1, 9, (i, j, { layer }) => j <= i && ([3, 7].includes(layer) || i - j < 5)],
  ['cohere', 'cohere2(5)', [23], 1, 9, (i, j, { layer }) => j <= i && ([3, 7].includes(layer) || i - j < 5)],
  ['qwen', 'qwen2(5, 2)', [23], 1, 4, (i, j, { layer }) => j <= i && (layer <= 1 || i - j < 5)],
  [
    'minference',
    'minference_dilated(3, 8)',
    [1, 9, 40],
    1,
    1,
    (i, j) => j <= i && (j < 3 || [1, 3, 5, 7].includes(i - j)),
  ],
  [
    'minference',
    'minference_dilated_dense(3, 4, 10)',
    [40],
    1,
    1,
    (i, j) => j <= i && (j < 3 || [0, 1, 2, 3, 5, 7, 9].includes(i - j)),
  ],
  ['video', 'sliding_tiles(6, 8, 6, 2, 2, 2)', [288], 1, 1, isInSlidingTiles([6, 8, 6], [2, 2, 2], 3)],
  ['video', 'sliding_tiles(5, 9, 8, 1, 3, 2, 3)', [360], 1, 1, isInSlidingTiles([5, 9, 8], [1, 3, 2], 3)],
  [
    'video',
    'svg_spatial(5, 7, 2, 4)',
    [40],
    1,
    1,
    // Two frames of seven tokens, rounded down to a multiple of four.
    (i, j) => i < 5 || j < 5 || Math.abs(i - j) < 12,
  ],
  [
    'video',
    'svg_temporal(3, 8, 5, 2)',
    [43],
    1,
    1,
    // floor(2 * 8 / 5) = 3 tokens of a frame.
    (i, j) => {
      const inFrame = (p: number): number => (p - 3 + 8) % 8;
      return i < 3 || j < 3 || Math.abs(inFrame(i) - inFrame(j)) < 3;
    },
  ],
  ['block-diffusion', 'block_diffusion(4)', [40, 30], 1, 1, isBlockDiffusion(4)],
  [
    'deepspeed',
    'deepspeed_fixed(2, 4, 1)',
    [48],
    1,
    1,
    (i, j) => blockOf(i, 8) === blockOf(j, 8) || blockOf(j, 2) % 4 === 3,
  ],
  [
    'deepspeed',
    'deepspeed_fixed_causal(2, 4, 2)',
    [48],
    1,
    1,
    (i, j) => j <= i && (blockOf(i, 8) === blockOf(j, 8) || [2, 3].includes(blockOf(j, 2) % 4)),
  ],
  [
    'deepspeed',
    'deepspeed_longformer(3, 2, [0, 4])',
    [31],
    1,
    1,
    (i, j) => {
      const [row, column] = [blockOf(i, 3), blockOf(j, 3)];
      return [0, 4].includes(row) || [0, 4].includes(column) || Math.abs(row - column) <= 1;
    },
  ],
  ['deepspeed', 'deepspeed_local(3, 5)', [31], 1, 1, (i, j) => j <= i && blockOf(i, 3) - blockOf(j, 3) <= 2],
  [
    'llama',
    'llama4(5)',
    [23],
    1,
    8,
    (i, j, { layer }) => j <= i && ((layer + 1) % 4 === 0 || blockOf(i, 5) === blockOf(j, 5)),
  ],
  [
    'phi',
    'phi3_small(2, 3, 4)',
    [41],
    8,
    2,
    (i, j, { head, layer }) => {
      if ((layer + 1) % 2 === 0) return j <= i;
      const [row, column] = [blockOf(i, 2), blockOf(j, 2)];
      return j <= i && column <= row && (row - column < 3 || (column + head * 1 + 1) % 4 === 0);
    },
  ],
  [
    'phi',
    'phi3_small_sparse(2, 2, 8)',
    [61],
    4,
    1,
    (i, j, { head }) => j <= i && (blockOf(i, 2) - blockOf(j, 2) < 2 || (blockOf(j, 2) + head * 2 + 1) % 8 === 0),
  ],
  [
    'swin',
    'swin(size: 4)',
    [64, 144],
    1,
    2,
    (i, j, { n, layer }) => {
      const side = sideOf(n);
      const shift = layer === 1 ? 2 : 0;
      const window = (p: number): string =>
        `${swinWindow(floor(p / side), 4, shift, side)},${swinWindow(p % side, 4, shift, side)}`;
      return window(i) === window(j);
    },
  ],
  ['swin', 'swin(size: 7)', [49], 1, 2, () => true],
  [
    'neighborhood',
    'nat(6, 8, 3)',
    [48],
    1,
    1,
    (i, j) => isNeighbour(floor(i / 8), floor(j / 8), 6, 3, 1) && isNeighbour(i % 8, j % 8, 8, 3, 1),
  ],
  [
    'neighborhood',
    'dinat(7, 8, 3, dilation: 2)',
    [56],
    1,
    2,
    (i, j, { layer }) =>
      isNeighbour(floor(i / 8), floor(j / 8), 7, 3, layer + 1) && isNeighbour(i % 8, j % 8, 8, 3, layer + 1),
  ],
  ['axial', 'axial_image', [36], 1, 1, (i, j) => floor(i / 6) === floor(j / 6) || i % 6 === j % 6],
  ['axial', 'axial_image(3, 5)', [15], 1, 1, (i, j) => floor(i / 5) === floor(j / 5) || i % 5 === j % 5],
  [
    'axial',
    'axial_alternating(3, 5)',
    [15],
    1,
    2,
    (i, j, { layer }) => (layer === 0 ? floor(i / 5) === floor(j / 5) : i % 5 === j % 5),
  ],
  [
    'axial',
    'axial_video(2, 3, 4)',
    [24],
    1,
    1,
    (i, j) => {
      const at = (p: number): number[] => [floor(p / 12), floor(p / 4) % 3, p % 4];
      return at(i).filter((x, axis) => x !== at(j)[axis]).length <= 1;
    },
  ],
  [
    'longnet',
    'longnet(4)',
    [70],
    12,
    1,
    (i, j, { head }) =>
      [
        [4, 1],
        [8, 2],
        [16, 4],
        [32, 6],
        [64, 12],
      ].some(([segment, ratio]) => {
        if (blockOf(i, segment!) !== blockOf(j, segment!)) return false;
        // The tokens that take part, by counting from the head's first one.
        const chosen: number[] = [];
        for (let position = head % ratio!; position < 70; position += ratio!) chosen.push(position);
        return chosen.includes(i) && chosen.includes(j);
      }),
  ],
  ['longt5', 'longt5_local(3)', [20], 1, 1, (i, j) => Math.abs(i - j) <= 3],
  [
    'longt5',
    'pegasus_x(6, 2)',
    [1, 35],
    1,
    2,
    (i, j, { layer }) =>
      i < 2 || j < 2 || blockOf(i - 2 - (layer === 1 ? 3 : 0), 6) === blockOf(j - 2 - (layer === 1 ? 3 : 0), 6),
  ],
  ['modernbert', 'modernbert(6)', [20], 1, 6, (i, j, { layer }) => layer % 3 === 0 || Math.abs(i - j) <= 3],
  ['reformer', 'reformer_local(4)', [22], 1, 1, (i, j) => [0, 1].includes(blockOf(i, 4) - blockOf(j, 4))],
];

async function lowered(file: string, call: string, heads = 1, layers = 1): Promise<Model> {
  const name = /^\w+/.exec(call)?.[0] ?? '';
  const text = `import { ${name} } from "sparse:${file}"\nmodel It { tokens = 1Ki layers = ${layers} heads = ${heads} attention = ${call} }\n`;
  const opened = await language.open(`memory:/${file}.sparse`, text);
  // Sizes of images do not multiply to 1Ki tokens; each case brings its own length.
  return opened.lower('It');
}

function keysOf(model: Model, layer: number, head: number, row: number, tokens?: number): number[] {
  const pattern = patternAt(model, layer, head);
  if (pattern === undefined) throw new Error(`no rule for layer ${layer}, head ${head}`);
  const shape = shapeAt(model, layer, head, tokens);
  const mask = bindPattern(pattern, shape);
  const keys: number[] = [];
  for (let column = 0; column < shape.tokens; column += 32) {
    const word = mask.word(row, column);
    for (let bit = 0; bit < 32 && column + bit < shape.tokens; bit++) if ((word >>> bit) & 1) keys.push(column + bit);
  }
  return keys;
}

describe.each(libraryModules.map(file => [file.path, file] as const))('%s', (_, file) => {
  test('checks clean', async () => {
    const { diagnostics } = await language.open(file.uri.toString(), file.text);
    const serious = diagnostics.filter(({ severity }) => severity !== 'information');
    expect(serious.map(({ message, range }) => `${range.start.line + 1}: ${message}`)).toEqual([]);
  });

  test('is written as the formatter writes it', async () => {
    const { services, document } = await openDocument(file.text);
    const edits = await services.sparse.lsp.Formatter?.formatDocument(document, {
      textDocument: { uri: document.uri.toString() },
      options: { tabSize: 4, insertSpaces: false },
    });
    expect(edits && TextDocument.applyEdits(document.textDocument, edits)).toBe(file.text);
  });

  test('documents each entry, with its source and year, and says what it is about', () => {
    expect(file.summary).not.toBe('');
    expect(file.summary).not.toMatch(/\.$/);
    const declarations = [...file.text.matchAll(/(\/\*\*(?:[^*]|\*(?!\/))*\*\/)?\n(pattern|model|const) (\w+)/g)];
    expect(declarations.length).toBeGreaterThan(0);
    for (const [, comment, , name] of declarations) expect(comment, name).toMatch(/\b20[12]\d\b/);
  });

  test('has a definition to compare each static pattern with', () => {
    for (const [whole, name] of file.text.matchAll(/^pattern (\w+)[\s\S]*?(?=\n\n|\n\/\*|$(?![\s\S]))/gm)) {
      if (DYNAMIC.some(primitive => whole.includes(`${primitive}(`)) || name === 'routing_transformer') continue;
      // Drawn at random: tests of its own.
      if (name === 'deepspeed_bigbird') continue;
      const covered = cases.some(([of, call]) => of === file.path.slice(7) && new RegExp(`^${name}\\b`).test(call));
      // Branches are compared through the pattern that unites them.
      expect(covered || name === 'longnet_branch', name).toBe(true);
    }
  });
});

describe('masks equal their definition', () => {
  test.each(cases.map(one => [`${one[1]} of ${one[0]}`, one] as const))('%s', async (_, one) => {
    const [file, call, lengths, heads, layers, definition] = one;
    const model = await lowered(file, call, heads, layers);
    for (const n of lengths)
      for (let layer = 0; layer < layers; layer++)
        for (let head = 0; head < heads; head++)
          for (let i = 0; i < n; i++) {
            const expected = Array.from({ length: n }, (_, j) => j).filter(j => definition(i, j, { n, head, layer }));
            expect(keysOf(model, layer, head, i, n), `n=${n} layer=${layer} head=${head} i=${i}`).toEqual(expected);
          }
  });

  test('BigBird adds at most the random blocks to its static part, whole blocks, other ones in each head', async () => {
    const model = await lowered('bigbird', 'bigbird(2, 2)', 3);
    const n = 80;
    const definition = isBigBird(2);
    const draws = new Set<string>();
    for (let head = 0; head < 3; head++) {
      const rows: string[] = [];
      for (let i = 0; i < n; i++) {
        const keys = keysOf(model, 0, head, i, n);
        const fixed = keys.filter(j => definition(i, j, { n, head, layer: 0 }));
        const others = keys.filter(j => !fixed.includes(j));
        expect(fixed).toEqual(
          Array.from({ length: n }, (_, j) => j).filter(j => definition(i, j, { n, head, layer: 0 })),
        );
        const blocks = new Set(others.map(j => floor(j / 2)));
        expect(others.length).toBe(2 * blocks.size);
        expect(blocks.size).toBeLessThanOrEqual(2);
        rows.push(others.join());
      }
      draws.add(rows.join(';'));
    }
    expect(draws.size).toBe(3);
  });
});

test("DeepSpeed's BigBird adds the same random blocks to its static part in every head", async () => {
  const model = await lowered('deepspeed', 'deepspeed_bigbird(2, 2)', 2);
  const n = 60;
  let added = 0;
  for (let i = 0; i < n; i++) {
    const isFixed = (j: number): boolean => i < 2 || j < 2 || Math.abs(blockOf(i, 2) - blockOf(j, 2)) <= 1;
    const keys = keysOf(model, 0, 0, i, n);
    expect(keysOf(model, 0, 1, i, n)).toEqual(keys);
    expect(keys.filter(isFixed)).toEqual(Array.from({ length: n }, (_, j) => j).filter(isFixed));
    const others = new Set(keys.filter(j => !isFixed(j)).map(j => blockOf(j, 2)));
    expect(others.size).toBeLessThanOrEqual(2);
    added += others.size;
  }
  expect(added).toBeGreaterThan(n / 2);
});

describe('models at their full size', () => {
  const range = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, k) => from + k);
  const rows: readonly (readonly [
    file: string,
    model: string,
    layer: number,
    head: number,
    row: number,
    keys: number[],
  ])[] = [
    ['longformer', 'LongformerBase', 11, 11, 1000, [0, ...range(744, 1257)]],
    ['longformer', 'LongformerLarge', 23, 15, 1000, [0, ...range(744, 1257)]],
    ['longformer', 'LedBaseEncoder', 5, 11, 10_000, [0, ...range(9488, 10_513)]],
    ['longformer', 'LedLargeEncoder', 11, 15, 10_000, [0, ...range(9488, 10_513)]],
    ['bigbird', 'BigBirdEtcBase', 11, 11, 256 + 84 * 10, [...range(0, 256), ...range(256 + 84 * 9, 256 + 84 * 12)]],
    ['bigbird', 'EtcBase', 11, 11, 2000, [...range(0, 256), ...range(1916, 2085)]],
    ['mistral', 'Mistral7B', 31, 31, 100_000, range(95_905, 100_001)],
    ['gemma', 'Gemma2_9B', 40, 15, 8000, range(3905, 8001)],
    ['gemma', 'Gemma2_9B', 41, 15, 8000, range(0, 8001)],
    ['gemma', 'Gemma3_1B', 25, 3, 30_000, range(29_489, 30_001)],
    ['gemma', 'Gemma3_27B', 61, 31, 130_000, range(128_977, 130_001)],
    ['gemma', 'Gemma3_27B', 59, 31, 13_000, range(0, 13_001)],
    ['gpt-oss', 'GptOss120B', 34, 63, 131_071, range(130_944, 131_072)],
    ['llama', 'Llama4Maverick', 46, 39, 8192 * 100 + 3, range(8192 * 100, 8192 * 100 + 4)],
    ['sparse-transformer', 'SparseTransformerEnwik8', 29, 7, 130, [...range(96, 131)]],
    ['olmo', 'Olmo3_7B', 30, 31, 60_000, range(55_905, 60_001)],
    ['olmo', 'Olmo3_32B', 63, 39, 60_000, range(0, 60_001)],
    ['cohere', 'CommandR7B', 28, 31, 100_000, range(95_905, 100_001)],
    ['cohere', 'CommandA', 61, 95, 200_000, range(195_905, 200_001)],
    ['qwen', 'Qwen2', 27, 31, 30_000, range(0, 30_001)],
    ['qwen', 'Qwen2', 28, 31, 30_000, range(25_905, 30_001)],
    [
      'video',
      'HunyuanVideoTiles',
      0,
      23,
      0,
      range(0, 18).flatMap(t => range(0, 24).flatMap(y => range(0, 24).map(x => (t * 48 + y) * 80 + x))),
    ],
    ['modernbert', 'ModernBertBase', 20, 11, 4000, range(3936, 4065)],
    ['longt5', 'LongT5BaseEncoder', 11, 11, 4000, range(3873, 4128)],
    ['swin', 'SwinTinyStage4', 1, 23, 5, range(0, 49)],
    ['neighborhood', 'DinatMiniStage1', 0, 1, 0, range(0, 7).flatMap(y => range(0, 7).map(x => y * 56 + x))],
    ['neighborhood', 'DinatMiniStage1', 1, 1, 0, range(0, 7).flatMap(y => range(0, 7).map(x => (y * 56 + x) * 8))],
  ];
  test.each(rows)('%s: %s, layer %i, head %i, row %i', async (file, name, layer, head, row, keys) => {
    const text = libraryText(`sparse-library:/${file}.sparse`);
    const opened = await language.open(`sparse-library:/${file}.sparse`, text ?? '');
    expect(keysOf(opened.lower(name), layer, head, row)).toEqual(keys);
  });
});

test('names of dynamic primitives that the tests know are those of the language', () => {
  for (const name of DYNAMIC) expect(primitives.has(name), name).toBe(true);
});

describe('library imports', () => {
  const check = async (text: string): Promise<string[]> =>
    (await language.open('memory:/main.sparse', text)).diagnostics.map(({ code, message }) => `${code}: ${message}`);

  test('bring in patterns and models by module name, and no file is asked for', async () => {
    const asked: string[] = [];
    const other = createLanguage({
      readFile: uri => {
        asked.push(uri);
        return Promise.resolve(null);
      },
    });
    const text = 'import { longformer } from "sparse:longformer"\npattern mine = longformer(8) & causal()\n';
    expect((await other.open('memory:/deep/main.sparse', text)).diagnostics).toEqual([]);
    expect(asked).toEqual([]);
  });

  test('say what is missing', async () => {
    expect(await check('import { longformer } from "sparse:longfromer"\npattern mine = longformer')).toEqual([
      expect.stringMatching(/^import-file: /),
    ]);
    expect(await check('import { longformr } from "sparse:longformer"\npattern mine = longformr')).toEqual([
      expect.stringMatching(/^import-name: .*`longformer`/),
    ]);
    expect(await check('import { longformer } from "sparse:"\npattern mine = longformer')).toEqual([
      expect.stringMatching(/^import-file: /),
    ]);
  });
});
