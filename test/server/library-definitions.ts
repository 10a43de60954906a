/** What the published design says, one pair at a time, with no word in common with the library. */
interface Place {
  readonly n: number;
  readonly head: number;
  readonly layer: number;
}
type Definition = (i: number, j: number, place: Place) => boolean;

const floor = Math.floor;
export const blockOf = (position: number, size: number): number => floor(position / size);
const isBelow =
  (limit: number): Definition =>
  (i, j) =>
    i - j >= 0 && i - j < limit;

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
export function isBigBird(size: number): Definition {
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

/** Entries of the library with arguments, lengths, and what they allow. */
export const definitions: readonly (readonly [
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
