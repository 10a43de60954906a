import type { Family } from './family.ts';

/** Random blocks, grids, and designs that put several parts together. */
export const byBlockAndGrid: readonly Family[] = [
  {
    title: 'BigBird (block 16, random 3, seed 0)',
    text: 'bigbird(16)',
    module: 'sparse:bigbird',
    n: 600,
    spellings: [
      'blocked(16, window(3) | global([0, -1]) | random(3))',
      'blocked(16, random(3) | (where (i, j) => i * j == 0 || max(i, j) == n - 1 || abs(i - j) < 2))',
      'blocked(16, random(3)) | blocked(16, window(2)) | global([0..16, 592..600]) | block(16)',
    ],
    not: ['blocked(16, window(3) | global([0, -1]) | random(3)) - (where (i, j) => i == 300 && j == 300)'],
  },
  {
    title: 'BigBird (block 16, random 2, seed 11)',
    text: 'bigbird(16, 2, seed: 11)',
    module: 'sparse:bigbird',
    n: 603,
    spellings: [
      'blocked(16, window(3) | global([0, -1]) | random(2, seed: 11))',
      'blocked(16, random(2, seed: 11, per_head: true) | symmetric(rows([0, -1]) | sliding(2)))',
      'blocked(16, random(2, seed: 5 + 6) | window(3)) | global([0..16, 592..603])',
    ],
  },
  {
    title: 'BigBird (block 16, random 0)',
    text: 'bigbird(16, 0)',
    module: 'sparse:bigbird',
    n: 600,
    spellings: [
      'blocked(16, window(3) | global([0, -1]))',
      'where (i, j) => min(i, j) < 16 || max(i, j) >= 592 || abs(floor(i / 16) - floor(j / 16)) <= 1',
      'global([0..16, -8..n]) | blocked(16, window(2))',
    ],
  },
  {
    title: 'Reformer, local (chunk 20)',
    text: 'reformer_local(20)',
    module: 'sparse:reformer',
    n: 333,
    spellings: [
      'blocked(20, sliding(2))',
      'where (i, j) => floor(i / 20) - floor(j / 20) == 0 || floor(i / 20) - floor(j / 20) == 1',
      'block(20) | blocked(20, diagonals([1]))',
    ],
  },
  {
    title: 'Axial (shape 12 x 17)',
    text: 'axial([12, 17])',
    n: 204,
    spellings: [
      'axial([12, 17])',
      'where (i, j) => floor(i / 17) == floor(j / 17) || i % 17 == j % 17',
      'axial([12, 17], axis: 0) | axial([12, 17], axis: 1)',
      'strided(17) | block(17)',
    ],
    not: ['axial([12, 17]) | (where (i, j) => i == 3 && j == 100)'],
  },
  {
    title: 'Axial (shape 5 x 6 x 7)',
    text: 'axial([5, 6, 7])',
    n: 210,
    spellings: [
      'axial([5, 6, 7])',
      'axial([5, 6, 7], axis: 0) | axial([5, 6, 7], axis: 2) | axial([5, 6, 7], axis: 1)',
      'block(7) | strided(42) | (where (i, j) => i % 7 == j % 7 && floor(i / 42) == floor(j / 42))',
    ],
  },
  {
    title: 'Causal axial (shape 12 x 17)',
    text: 'axial([12, 17]) & causal()',
    n: 204,
    spellings: [
      'axial([12, 17]) & causal()',
      'where (i, j) => i >= j && (floor(i / 17) == floor(j / 17) || i % 17 == j % 17)',
      'causal() & strided(17) | block(17) & causal()',
    ],
  },
  {
    title: 'Neighbourhood (shape 14 x 18, kernel 5 x 3)',
    text: 'neighborhood([14, 18], [5, 3])',
    n: 252,
    spellings: [
      'neighborhood([14, 18], [5, 3])',
      `neighborhood([14, 18], [5, 3], stride: 1) | neighborhood([14, 18], [3, 3]) | diagonal()`,
      'where (i, j) => abs(floor(j / 18) - max(2, min(floor(i / 18), 11))) <= 2 && abs(j % 18 - max(1, min(i % 18, 16))) <= 1',
    ],
    not: ['neighborhood([14, 18], [5, 3]) - (where (i, j) => i == 100 && j == 100)'],
  },
  {
    title: 'Neighbourhood (shape 28 x 28, kernel 7 x 7, dilation 4 x 4)',
    text: 'neighborhood([28, 28], 7, dilation: 4)',
    n: 784,
    spellings: [
      'neighborhood([28, 28], 7, dilation: 4)',
      'neighborhood([28, 28], [7, 7], dilation: [4, 4])',
      'where (i, j) => floor(i / 28) % 4 == floor(j / 28) % 4 && (i - j) % 4 == 0',
    ],
  },
  {
    title: 'Neighbourhood (shape 6 x 12 x 10, kernel 3 x 6 x 5, stride 2 x 4 x 1)',
    text: 'neighborhood([6, 12, 10], [3, 6, 5], stride: [2, 4, 1])',
    n: 720,
    spellings: [
      'neighborhood([6, 12, 10], [3, 6, 5], stride: [2, 4, 1])',
      'neighborhood([6, 12, 10], [3, 6, 5], stride: [2, 4, 1]) & full()',
      'neighborhood([6, 12, 10], [3, 6, 5], stride: [2, 4, 1]) | diagonal() & neighborhood([6, 12, 10], [3, 6, 5], stride: [2, 4, 1])',
    ],
  },
  {
    title: 'Swin tiles (shape 14 x 21, tile 7 x 7)',
    text: 'tiles([14, 21], 7)',
    n: 294,
    spellings: [
      'tiles([14, 21], 7)',
      'where (i, j) => floor(i / 147) == floor(j / 147) && floor(i % 21 / 7) == floor(j % 21 / 7)',
      'tiles([14, 21], [7, 7], shift: 7)',
    ],
  },
  {
    title: 'Swin tiles (shape 14 x 21, tile 7 x 7, shift 3 x 3)',
    text: 'tiles([14, 21], 7, shift: 3)',
    n: 294,
    spellings: [
      'tiles([14, 21], 7, shift: 3)',
      'tiles([14, 21], [7, 7], shift: [10, 3])',
      'where (i, j) => floor((floor(i / 21) - 3) / 7) == floor((floor(j / 21) - 3) / 7) && floor((i % 21 - 3) / 7) == floor((j % 21 - 3) / 7)',
    ],
    not: ['tiles([14, 21], 7, shift: 3) - (where (i, j) => i == 100 && j == 100)'],
  },
  {
    title: 'BigBird (block 16, random 3, seed 5)',
    text: 'bigbird(16, seed: 5)',
    module: 'sparse:bigbird',
    n: 600,
    at: { head: 3, layer: 2 },
    spellings: [
      'blocked(16, window(3) | global([0, -1]) | random(3, seed: 5, per_head: true))',
      'blocked(16, random(3, seed: layer + head, per_head: true)) | blocked(16, global([0, -1])) | blocked(16, window(2))',
      'blocked(16, (where (i, j) => abs(i - j) <= 1 || i * j == 0 || max(i, j) == n - 1) | random(3, seed: 5, per_head: head > 0))',
    ],
    // The draw of the first head and layer.
    not: ['blocked(16, window(3) | global([0, -1]) | random(3, seed: 5))'],
  },
  {
    title: 'BigBird ETC (global 20, block 8)',
    text: 'bigbird_etc(20, 8)',
    module: 'sparse:bigbird',
    n: 300,
    spellings: [
      'global([0..20]) | tiles([n], 16, shift: 4) | tiles([n], 16, shift: 12)',
      'where (i, j) => i < 20 || j < 20 || floor((i - 4) / 16) == floor((j - 4) / 16) || floor((i + 4) / 16) == floor((j + 4) / 16)',
      'tiles([n], 16, shift: 12) | global([0..20]) | tiles([n], 16, shift: 4) | window(3) & tiles([n], 16, shift: 4)',
    ],
    not: ['global([0..20]) | tiles([n], 16, shift: 4) | tiles([n], 16, shift: 11)'],
  },
  {
    title: 'Pegasus-X (block 32, global 10)',
    text: 'pegasus_x(32, 10)',
    module: 'sparse:longt5',
    n: 500,
    at: { layer: 1 },
    spellings: [
      'global([0..10]) | tiles([n], 32, shift: 26)',
      'where (i, j) => min(i, j) < 10 || floor((i - 26) / 32) == floor((j - 26) / 32)',
      'rows([0..10]) | tiles([n], 32, shift: 26) | columns([0..10]) | diagonal()',
    ],
    not: ['global([0..10]) | tiles([n], 32, shift: 10)'],
  },
  {
    title: 'LongNet (segment 32)',
    text: 'longnet(32)',
    module: 'sparse:longnet',
    n: 1100,
    at: { head: 5 },
    spellings: [
      `block(32) | (where (i, j) => floor(i / 64) == floor(j / 64) && i % 2 == 1 && j % 2 == 1)
        | (where (i, j) => floor(i / 128) == floor(j / 128) && i % 4 == 1 && j % 4 == 1)
        | (where (i, j) => floor(i / 256) == floor(j / 256) && i % 6 == 5 && j % 6 == 5)
        | (where (i, j) => floor(i / 512) == floor(j / 512) && i % 12 == 5 && j % 12 == 5)`,
      `block(512) & (where (i, j) => i % 12 == 5 && j % 12 == 5) | block(256) & strided(6) & (where (i, j) => i % 6 == 5)
        | block(128) & strided(4) & (where (i, j) => j % 4 == 1) | block(64) & strided(2) & (where (i, j) => i % 2 == 1) | block(32)`,
      `block(32) | block(16) | block(64) & (where (i, j) => i * j % 2 == 1) | (where (i, j) =>
        floor(i / 128) == floor(j / 128) && i % 4 == 1 && j % 4 == 1 || floor(i / 256) == floor(j / 256) && i % 6 == 5 && j % 6 == 5
        || floor(i / 512) == floor(j / 512) && i % 12 == 5 && j % 12 == 5)`,
    ],
  },
  {
    title: 'LongNet, one branch (segment 100, ratio 6)',
    text: 'longnet_branch(100, 6)',
    module: 'sparse:longnet',
    n: 700,
    at: { head: 2 },
    spellings: [
      'block(100) & (where (i, j) => i % 6 == 2 && j % 6 == 2)',
      'where (i, j) => floor(i / 100) == floor(j / 100) && (i - 2) % 6 == 0 && (j - i) % 6 == 0',
      'strided(6) & block(100) & (where (i, j) => i % 6 == 2)',
    ],
    not: ['block(100) & (where (i, j) => i % 6 == 3 && j % 6 == 3)'],
  },
  {
    title: 'Sparse Transformer, fixed per head (stride 32, columns 4, groups 4)',
    text: 'sparse_fixed_heads(32, 4)',
    module: 'sparse:sparse-transformer',
    n: 500,
    at: { head: 6 },
    spellings: [
      '(block(32) | (where (i, j) => j % 32 >= 20 && j % 32 < 24)) & causal()',
      'where (i, j) => i >= j && (floor(i / 32) == floor(j / 32) || floor(j % 32 / 4) == 5)',
      '((where (i, j) => j <= i && j % 32 >= 20) - fixed(32, columns: 8)) | causal() & block(32)',
    ],
    not: ['(block(32) | (where (i, j) => j % 32 >= 16 && j % 32 < 20)) & causal()'],
  },
  {
    title: 'Phi-3-small (block 16, local 4, stride 8)',
    text: 'phi3_small_sparse(16, 4)',
    module: 'sparse:phi',
    n: 700,
    at: { head: 3 },
    spellings: [
      'blocked(16, where (i, j) => i - j < 4 || (j + head + 1) % 8 == 0) & causal()',
      'causal() & (blocked(16, sliding(4)) | blocked(16, where (i, j) => j % 8 == 4))',
      'where (i, j) => j <= i && (floor(i / 16) - floor(j / 16) < 4 || floor(j / 16) % 8 == 4)',
    ],
    not: ['blocked(16, where (i, j) => i - j < 4 || (j + head) % 8 == 0) & causal()'],
  },
  {
    title: 'Star attention (block 100, question 20)',
    text: 'star_attention(100, 20)',
    module: 'sparse:streaming',
    n: 600,
    spellings: [
      '(block(100) | prefix(100) | rows([-20..n])) & causal()',
      'where (i, j) => j <= i && (floor(i / 100) == floor(j / 100) || j < 100 || i >= 580)',
      'block(100) & causal() | causal() & columns([0..100]) | rows([580..600]) & causal()',
    ],
  },
  {
    title: 'MInference, dilated (first 10, near 100)',
    text: 'minference_dilated(10, 100)',
    module: 'sparse:minference',
    n: 600,
    spellings: [
      'prefix(10) & causal() | sliding(100) & strided(2, offset: 1)',
      'where (i, j) => j <= i && (j < 10 || i - j < 100 && (i - j) % 2 == 1)',
      'causal() & columns([0..10]) | sliding(99) & strided(2, offset: 1) | diagonals([99])',
    ],
  },
  {
    title: 'MInference, dilated and dense (first 10, dense 30, near 100)',
    text: 'minference_dilated_dense(10, 30, 100)',
    module: 'sparse:minference',
    n: 600,
    spellings: [
      'prefix(10) & causal() | sliding(30) | sliding(100) & strided(2, offset: 1)',
      'where (i, j) => j <= i && (j < 10 || i - j < 30 || i - j < 100 && (i - j) % 2 == 1)',
      'causal() & columns([0..10]) | sliding(30) | (sliding(100) - strided(2))',
    ],
  },
  {
    title: 'LogSparse with restarts (stretch 64, near 6)',
    text: 'log_sparse_restart(64)',
    module: 'sparse:log-sparse',
    n: 700,
    spellings: [
      'causal() & (where (i, j) => (i - j) % 64 < 6 || 2 ** floor(log2((i - j) % 64 - 5)) == (i - j) % 64 - 5)',
      `(where (i, j) => (i - j) % 64 < 8 || (i - j) % 64 == 9 || (i - j) % 64 == 13 || (i - j) % 64 == 21
        || (i - j) % 64 == 37) & causal()`,
      `causal() & (strided(64) | strided(64, offset: 1) | strided(64, offset: 2) | strided(64, offset: 3) | strided(64, offset: 4)
        | strided(64, offset: 5) | strided(64, offset: 6) | strided(64, offset: 7) | strided(64, offset: 9) | strided(64, offset: 13)
        | strided(64, offset: 21) | strided(64, offset: 37) | sliding(2))`,
    ],
    not: [
      'causal() & (where (i, j) => (i - j) % 64 < 8 || (i - j) % 64 == 9 || (i - j) % 64 == 13 || (i - j) % 64 == 21)',
    ],
  },
  {
    title: 'LogSparse with restarts (stretch 200, near 3)',
    text: 'log_sparse_restart(near: 3)',
    module: 'sparse:log-sparse',
    n: 800,
    spellings: [
      'causal() & (where (i, j) => (i - j) % 200 < 3 || 2 ** floor(log2((i - j) % 200 - 2)) == (i - j) % 200 - 2)',
    ],
  },
  {
    title: 'Block diffusion (block 16)',
    text: 'block_diffusion(16)',
    module: 'sparse:block-diffusion',
    n: 320,
    spellings: [
      `where (i, j) => j < 160 ? i < 160 && floor(i / 16) == floor(j / 16)
        : i < 160 ? floor(i / 16) > floor((j - 160) / 16) : floor(i / 16) >= floor(j / 16)`,
      `block(16) | (where (i, j) => i >= 160 && j >= 160 && floor(i / 16) > floor(j / 16))
        | (where (i, j) => i < 160 && j >= 160 && floor(i / 16) > floor((j - 160) / 16))`,
      'blocked(16, diagonal() | (where (i, j) => j >= 10 && (i >= j || i < 10 && i > j - 10)))',
    ],
    not: ['blocked(16, diagonal() | (where (i, j) => j >= 10 && (i >= j || i < 10 && i >= j - 10)))'],
  },
  {
    title: 'Sparse VideoGen, temporal (prompt 20, frame 50, near 10)',
    text: 'svg_temporal(20, 50, frames: 10)',
    module: 'sparse:video',
    n: 520,
    spellings: [
      'global([0..20]) | (where (i, j) => abs((i - 20) % 50 - (j - 20) % 50) < 10)',
      'where (i, j) => min(i, j) < 20 || abs((i + 30) % 50 - (j + 30) % 50) <= 9',
      'rows([0..20]) | (where (a, b) => abs((a - 20) % 50 - (b - 20) % 50) < 10) | columns([0..20]) | diagonal()',
    ],
    not: ['global([0..20]) | (where (i, j) => abs((i - 10) % 50 - (j - 10) % 50) < 10)'],
  },
  {
    title: 'Sparse VideoGen, temporal (prompt 7, frame 90, near 5)',
    text: 'svg_temporal(7, 90, frames: 90, near: 5)',
    module: 'sparse:video',
    n: 640,
    spellings: ['global([0..7]) | (where (i, j) => abs((i - 7) % 90 - (j - 7) % 90) < 5)'],
  },
  {
    title: 'Neighbourhood (shape 400, kernel 9)',
    text: 'neighborhood([400], 9)',
    n: 400,
    spellings: [
      'neighborhood([n], 9)',
      'where (i, j) => abs(min(max(i, 4), n - 5) - j) <= 4',
      'window(8) | rows([0..5]) & prefix(9) | rows([-5..n]) & columns([-9..n])',
    ],
    not: ['window(8) | rows([0..3]) & prefix(9) | rows([-5..n]) & columns([-9..n])'],
  },
  {
    title: 'Neighbourhood (shape 400, kernel 5, dilation 4, stride 3)',
    text: 'neighborhood([400], 5, dilation: 4, stride: 3)',
    n: 400,
    spellings: [
      'neighborhood([n], 5, stride: 3, dilation: 4)',
      'symmetric(neighborhood([n], 5, dilation: 4, stride: 3)) & neighborhood([n], 5, stride: 3, dilation: 4)',
    ],
  },
];
