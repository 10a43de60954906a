import { unzlibSync } from 'fflate';
import { toFloat32 } from '../../../runtime/tensor/convert.ts';
import { readSafetensors } from '../../../runtime/tensor/safetensors.ts';
import { type Allows, textOf } from './consumers.ts';
import type { WrittenFile } from './written.ts';

/** What libraries make of files that configure models, each by the rule that it documents; slow and obvious. */

/** Numbers of a tensor in a .safetensors file. */
function tensor(file: WrittenFile, name: string): { shape: readonly number[]; values: Float32Array; data: Uint8Array } {
  const found = readSafetensors(file.bytes).tensors.get(name);
  if (found === undefined) throw new Error(`no tensor ${name}`);
  return { shape: found.shape, values: toFloat32(found), data: found.data };
}

/** FlashAttention-4: full blocks whole, partial ones by the bits that a mask_mod looks up. */
export function flashAttention4(file: WrittenFile): Allows {
  const names = ['mask_block_cnt', 'mask_block_idx', 'full_block_cnt', 'full_block_idx', 'mask_block_bits', 'bits'];
  const [maskCount, maskIndex, fullCount, fullIndex, which, bits] = names.map(name => tensor(file, name)) as [
    ReturnType<typeof tensor>,
    ReturnType<typeof tensor>,
    ReturnType<typeof tensor>,
    ReturnType<typeof tensor>,
    ReturnType<typeof tensor>,
    ReturnType<typeof tensor>,
  ];
  const rows = maskCount.shape[2]!;
  if (maskIndex.shape.slice(0, 3).join() !== maskCount.shape.join()) throw new Error('lists do not fit their counts');
  const find = (count: typeof maskCount, index: typeof maskIndex, head: number, i: number, j: number): number => {
    const row = head * rows + (i >> 7);
    const width = index.shape[3]!;
    const list = [...index.values.subarray(row * width, row * width + count.values[row]!)];
    const at = list.indexOf(j >> 7);
    return at < 0 ? -1 : row * width + at;
  };
  return (head, i, j) => {
    if (find(fullCount, fullIndex, head, i, j) >= 0) return true;
    const at = find(maskCount, maskIndex, head, i, j);
    if (at < 0) return false;
    return ((bits.data[(which.values[at]! * 128 + (i % 128)) * 16 + ((j % 128) >> 3)]! >> (j % 8)) & 1) === 1;
  };
}

/** DeepSpeed: the layout that `make_layout` of the module returns. */
export function deepSpeedLayout(file: WrittenFile): { block: number; heads: number; layout: Allows } {
  const text = textOf(file);
  const number = (name: string): number => Number(new RegExp(`^${name} = (\\d+)`, 'm').exec(text)![1]);
  const [tokens, heads, block] = ['TOKENS', 'HEADS', 'BLOCK'].map(number) as [number, number, number];
  const bits = unzlibSync(Buffer.from(/_BITS = """([^"]*)"""/.exec(text)![1]!, 'base64'));
  const size = tokens / block;
  return {
    block,
    heads,
    layout: (head, row, column) => {
      const at = (head * size + row) * size + column;
      return ((bits[at >> 3]! >> (at & 7)) & 1) === 1;
    },
  };
}

interface DeepSpeedMode {
  readonly mode: string;
  readonly block: number;
  readonly different_layout_per_head?: boolean;
  readonly num_local_blocks: number;
  readonly num_global_blocks: number;
  readonly attention: string;
  readonly horizontal_global_attention: boolean;
  readonly num_different_global_patterns: number;
  readonly num_random_blocks: number;
  readonly local_window_blocks: readonly number[];
  readonly global_block_indices: readonly number[];
  readonly global_block_end_indices: null;
  readonly num_sliding_window_blocks: number;
}

/** DeepSpeed: the layout [size, size] of a head under a configuration, set block by block in the order of its classes. */
export function deepSpeedMode(config: DeepSpeedMode, head: number, size: number): boolean[][] {
  const layout = Array.from({ length: size }, () => Array<boolean>(size).fill(false));
  const set = (rows: [number, number], columns: [number, number]): void => {
    for (let row = Math.max(0, rows[0]); row < Math.min(size, rows[1]); row++)
      for (let column = Math.max(0, columns[0]); column < Math.min(size, columns[1]); column++)
        layout[row]![column] = true;
  };
  const looksAhead = config.attention === 'bidirectional';
  const setWindow = (start: number, end: number): void => {
    for (let row = start; row < end; row++) set([row, row + 1], [start, looksAhead ? end : row + 1]);
  };
  switch (config.mode) {
    case 'dense':
      set([0, size], [0, size]);
      return layout;
    case 'bslongformer': {
      if (config.num_sliding_window_blocks > size) throw new Error('the window is wider than the sequence');
      const near = Math.floor(config.num_sliding_window_blocks / 2);
      for (let row = 0; row < size; row++) set([row, row + 1], [row - near, row + near + 1]);
      for (const index of config.global_block_indices) {
        set([index, index + 1], [0, size]);
        set([0, size], [index, index + 1]);
      }
      return layout;
    }
    case 'fixed': {
      const { num_local_blocks: local, num_global_blocks: global, num_different_global_patterns: patterns } = config;
      if (local % global !== 0 || patterns > local / global) throw new Error('numbers that are refused');
      if (patterns > 1 && config.different_layout_per_head !== true) throw new Error('patterns that are refused');
      for (let start = 0; start < size; start += local) setWindow(start, Math.min(start + local, size));
      const first = local - (1 + (head % patterns)) * global;
      const end = size - (size % local);
      const setGlobal = (start: number): void => {
        set([looksAhead ? 0 : start, size], [start, start + global]);
        if (config.horizontal_global_attention) set([start, start + global], [0, size]);
      };
      for (let start = first; start < end; start += local) setGlobal(start);
      if (end < size) setGlobal(Math.min(end + first, size - global));
      return layout;
    }
    case 'variable': {
      if (config.num_random_blocks !== 0) throw new Error('random blocks');
      let start = 0;
      const windows = [...config.local_window_blocks];
      while (start < size) {
        const width = windows.length > 1 ? windows.shift()! : windows[0]!;
        setWindow(start, Math.min(start + width, size));
        start += width;
      }
      for (const index of config.global_block_indices) {
        if (config.horizontal_global_attention) set([index, index + 1], [0, size]);
        set([looksAhead ? 0 : index, size], [index, index + 1]);
      }
      return layout;
    }
    default:
      throw new Error(`no mode ${config.mode}`);
  }
}

/** transformers: which keys the models of a configuration attend to. `layer` chooses of lists. */
export function huggingFace(
  [json, runtime]: readonly WrittenFile[],
  shape: { readonly offset: number },
  layer = 0,
): ReadonlyMap<string, (i: number, j: number) => boolean> {
  const fields = JSON.parse(textOf(json!));
  const models = new Map<string, (i: number, j: number) => boolean>();
  const global = runtime === undefined ? undefined : tensor(runtime, 'global_attention_mask').values;
  const isGlobal = (at: number): boolean => global?.[at] === 1;
  for (const [type, config] of Object.entries<Record<string, unknown>>(fields)) {
    if (type === 'decoder') {
      const { sliding_window: window, attention_chunk_size: chunk, layer_types: types } = config;
      const kind = Array.isArray(types)
        ? types[layer]
        : chunk !== undefined
          ? 'chunked_attention'
          : window === null
            ? 'full_attention'
            : 'sliding_attention';
      models.set(type, (row, j) => {
        const i = shape.offset + row;
        if (j > i) return false;
        if (kind === 'full_attention') return true;
        if (kind === 'sliding_attention') return i - Number(window) < j;
        return Math.floor(i / Number(chunk)) === Math.floor(j / Number(chunk));
      });
    } else if (type === 'longt5') {
      if (global !== undefined) throw new Error('LongT5 has no global tokens');
      models.set(type, (i, j) => Math.abs(i - j) <= Number(config.local_radius));
    } else if (type === 'modernbert') {
      if (global !== undefined) throw new Error('ModernBERT has no global tokens');
      const isLocal = (config.layer_types as readonly string[])[layer] === 'sliding_attention';
      const half = Math.floor(Number(config.local_attention) / 2);
      models.set(type, (i, j) => !isLocal || Math.abs(i - j) <= half);
    } else {
      const windows = config.attention_window;
      const window = Number(Array.isArray(windows) ? windows[layer] : windows);
      if (window % 2 !== 0) throw new Error('windows are even');
      models.set(type, (i, j) => Math.abs(i - j) <= window / 2 || isGlobal(i) || isGlobal(j));
    }
  }
  return models;
}

/** JAX's splash attention: lazy classes by their documentation, else the blocks beside the module. */
export function splash([module, tensors]: readonly WrittenFile[], shape: { queries: number; tokens: number }): Allows {
  const text = textOf(module!);
  const heads: number[] = JSON.parse(/^_HEAD = (.*)$/m.exec(text)![1]!);
  const lazy = new Map<number, (i: number, j: number) => boolean>();
  const [, classes = ''] = /^_LAZY = \{(.*)\}$/m.exec(text)!;
  for (const [, number, name, list] of classes.matchAll(
    /(\d+): lambda shape: splash_attention_mask\.(\w+)\(shape(.*?)\)(?=, \d+: lambda|$)/g,
  ))
    lazy.set(Number(number), lazyMask(name!, list!));
  const rows = Math.ceil(shape.queries / 128);
  const [start, columns, tiles, bits] =
    tensors === undefined ? [] : ['row_start', 'column', 'tile', 'bits'].map(name => tensor(tensors, name));
  return (head, i, j) => {
    const number = heads[head]!;
    const rule = lazy.get(number);
    if (rule !== undefined) {
      // The mask is padded to whole blocks, and nobody hides the padding of keys.
      const end = Math.ceil(shape.tokens / 128) * 128;
      for (let padding = shape.tokens; padding < end; padding++) if (rule(i, padding)) throw new Error('sees padding');
      return rule(i, j);
    }
    const row = number * rows + (i >> 7);
    for (let at = start!.values[row]!; at < start!.values[row + 1]!; at++)
      if (columns!.values[at] === j >> 7) {
        return ((bits!.data[(tiles!.values[at]! * 128 + (i % 128)) * 16 + ((j % 128) >> 3)]! >> (j % 8)) & 1) === 1;
      }
    return false;
  };
}

function lazyMask(name: string, list: string): (i: number, j: number) => boolean {
  const bound = (text: string): number => (text === 'None' ? Number.POSITIVE_INFINITY : Number(text));
  switch (name) {
    case 'FullMask':
      return () => true;
    case 'CausalMask': {
      const offset = Number(/offset=(\d+)/.exec(list)?.[1] ?? 0);
      return (i, j) => i + offset >= j;
    }
    case 'LocalMask': {
      const [, left = '', right = '', offset] = /\((\w+), (\w+)\), (\d+)/.exec(list)!;
      return (i, j) => i + Number(offset) - bound(left) <= j && j <= i + Number(offset) + bound(right);
    }
    case 'ChunkedCausalMask': {
      const size = Number(/\d+/.exec(list)![0]);
      return (i, j) => j <= i && Math.floor(i / size) === Math.floor(j / size);
    }
    default:
      throw new Error(`no class ${name}`);
  }
}
