import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { zipSync } from 'fflate';
import { describe, expect, test } from 'vitest';
import { compilePlan } from '../../../runtime/compile/plan.ts';
import { formats } from '../../../runtime/export/formats.ts';
import { isMaskPath, readMaskFile } from '../../../runtime/export/read-mask-file.ts';
import { exportSafetensors } from '../../../runtime/export/safetensors.ts';
import { bindPattern } from '../../../runtime/pattern/bind.ts';
import type { Pattern } from '../../../runtime/pattern/ir.ts';
import { emptyMask, type MaskBits, setKeys } from '../../../runtime/pattern/mask-bits.ts';
import { squareShape } from '../../../runtime/pattern/shape.ts';
import { bytesOf } from '../../../runtime/tensor/contents.ts';
import { fromFloat32, fromInt32, fromInt64, fromUint32 } from '../../../runtime/tensor/convert.ts';
import { type Tensor, TensorFileError } from '../../../runtime/tensor/dtype.ts';
import { type NpyArray, writeNpy } from '../../../runtime/tensor/npy.ts';
import { writeNpz } from '../../../runtime/tensor/npz.ts';
import { readSafetensors, writeSafetensors } from '../../../runtime/tensor/safetensors.ts';
import { arbitraryPattern } from '../arbitrary-pattern.ts';
import { allows } from '../brute-force.ts';
import { written } from './written.ts';

function bool(shape: readonly number[], at: (...index: number[]) => boolean): Tensor {
  const index = (element: number): number[] => {
    const found: number[] = [];
    for (const extent of [...shape].reverse()) {
      found.unshift(element % extent);
      element = Math.floor(element / extent);
    }
    return found;
  };
  const count = shape.reduce((product, extent) => product * extent, 1);
  return { dtype: 'bool', shape, data: Uint8Array.from({ length: count }, (_, i) => Number(at(...index(i)))) };
}

/** The bits by definition. */
function bits(heads: number | null, tokens: number, at: (head: number, i: number, j: number) => boolean): MaskBits {
  const mask = emptyMask(heads, tokens);
  for (let head = 0; head < (heads ?? 1); head++)
    for (let i = 0; i < tokens; i++)
      for (let j = 0; j < tokens; j++) if (at(head, i, j)) setKeys(mask, head * tokens + i, j, j + 1);
  return mask;
}

const local = (i: number, j: number): boolean => Math.abs(i - j) < 3 || j % 7 === 0;
/** One of three things that a file can hold. */
const text = (value: string): NpyArray => ({
  dtype: 'bytes',
  width: value.length,
  shape: [],
  data: new TextEncoder().encode(value),
});

function csr(changed: Readonly<Record<string, NpyArray>> = {}): Uint8Array {
  return writeNpz({
    indices: fromInt32(Int32Array.of(0, 2, 1), [3]),
    indptr: fromInt32(Int32Array.of(0, 2, 2, 3), [4]),
    format: text('csr'),
    shape: fromInt64(BigInt64Array.of(3n, 3n), [2]),
    data: { dtype: 'bool', shape: [3], data: Uint8Array.of(1, 1, 1) },
    ...changed,
  });
}

function messageOf(bytes: Uint8Array, path: string): string {
  try {
    readMaskFile(bytes, path);
  } catch (error) {
    expect(error).toBeInstanceOf(TensorFileError);
    return (error as Error).message;
  }
  return 'read';
}

describe('what is exported comes back', () => {
  test.each(['npy', 'npz-dense', 'csr', 'safetensors'])('%s', id => {
    const format = formats.find(each => each.id === id)!;
    fc.assert(
      fc.property(arbitraryPattern, fc.constantFrom(1, 2, 31, 33, 64, 65, 100), (pattern, tokens) => {
        const shape = squareShape(tokens);
        const { bytes } = written(format.write({ name: 'p', source: undefined, pattern, shape })).files[0];
        const read = readMaskFile(bytes, `mask.${format.extension}`);
        expect(read).toEqual(bits(null, tokens, (_, i, j) => allows(pattern, shape, i, j)));
      }),
      { numRuns: 40 },
    );
  });

  test('a tile plan of any tile', () => {
    const pattern: Pattern = { kind: 'primitive', name: 'causal', args: {} };
    const shape = squareShape(77);
    for (const tile of [
      { queries: 16, keys: 16 },
      { queries: 128, keys: 64 },
      { queries: 32, keys: 48 },
    ]) {
      const plan = compilePlan(bindPattern(pattern, shape), shape, { tile });
      expect(readMaskFile(bytesOf(exportSafetensors([plan])), 'm.safetensors')).toEqual(
        bits(null, 77, (_, i, j) => j <= i),
      );
    }
  });
});

describe('arrays', () => {
  const expected = bits(null, 40, (_, i, j) => local(i, j));
  const plain = bool([40, 40], local);

  test('booleans in each kind of file, whatever they are called when they are alone', () => {
    expect(readMaskFile(writeNpy(plain), 'a.npy')).toEqual(expected);
    expect(readMaskFile(writeNpz({ arr_0: plain }), 'A.NPZ')).toEqual(expected);
    expect(readMaskFile(writeSafetensors({ anything: plain }), 'a.safetensors')).toEqual(expected);
  });

  test('one mask for each head', () => {
    const heads = bool([3, 40, 40], (head = 0, i = 0, j = 0) => local(i, j) && j >= head);
    expect(readMaskFile(writeNpy(heads), 'a.npy')).toEqual(bits(3, 40, (head, i, j) => local(i, j) && j >= head));
    expect(readMaskFile(writeNpy(bool([1, 2, 2], () => true)), 'a.npy').heads).toBe(1);
  });

  test('of several the one called mask', () => {
    const arrays = { other: fromFloat32(Float32Array.of(7), [1]), mask: plain };
    expect(readMaskFile(writeNpz(arrays), 'a.npz')).toEqual(expected);
    expect(readMaskFile(writeSafetensors(arrays), 'a.safetensors')).toEqual(expected);
    const nameless = { b: plain, a: plain };
    expect(messageOf(writeNpz(nameless), 'a.npz')).toMatch(/several arrays \("b", "a"\).*"mask"/);
    expect(messageOf(writeSafetensors(nameless), 'a.safetensors')).toMatch(/several arrays/);
  });

  test('numbers that are 0 and 1, of every type', () => {
    const { data, shape } = plain;
    const floats = Float32Array.from(data);
    const f64 = { dtype: 'f64', shape, data: new Uint8Array(Float64Array.from(data).buffer) } as const;
    const bf16 = {
      dtype: 'bf16',
      shape,
      data: new Uint8Array(Uint16Array.from(data, v => v * 0x3f80).buffer),
    } as const;
    const i16 = { dtype: 'i16', shape, data: new Uint8Array(Int16Array.from(data).buffer) } as const;
    const others: Tensor[] = [
      { dtype: 'u8', shape, data },
      { dtype: 'i8', shape, data },
      i16,
      { ...i16, dtype: 'u16' },
      fromInt32(Int32Array.from(data), shape),
      fromUint32(Uint32Array.from(data), shape),
      fromInt64(BigInt64Array.from(data, BigInt), shape),
      fromFloat32(floats, shape),
      fromFloat32(floats, shape, 'f16'),
      fromFloat32(
        floats.map(v => (v === 0 ? -0 : v)),
        shape,
      ),
      f64,
      bf16,
    ];
    for (const tensor of others)
      expect(readMaskFile(writeSafetensors({ mask: tensor }), 'm.safetensors'), tensor.dtype).toEqual(expected);
  });

  test('anything else is refused with its place', () => {
    const values = new Float32Array(9);
    for (const [value, shown] of [
      [0.5, '0.5'],
      [Number.NEGATIVE_INFINITY, '-Infinity'],
      [Number.NaN, 'NaN'],
      [-1, '-1'],
    ] as const) {
      values[5] = value;
      expect(messageOf(writeNpy(fromFloat32(values, [3, 3])), 'm.npy')).toBe(
        `It holds ${shown} at [1, 2], which is neither 0 nor 1.`,
      );
    }
    expect(messageOf(writeNpy(fromInt64(BigInt64Array.of(1n, 1n << 40n, 0n, 1n), [2, 2])), 'm.npy')).toMatch(
      /\[0, 1\]/,
    );
    expect(messageOf(writeNpy({ dtype: 'bool', shape: [1, 1], data: Uint8Array.of(2) }), 'm.npy')).toMatch(/byte 2/);
  });

  test.each([
    [[4], /\[4\]; a mask is \[n, n\] or \[heads, n, n\]/],
    [[2, 3], /\[2, 3\]/],
    [[2, 2, 2, 2], /\[2, 2, 2, 2\]/],
    [[2, 3, 2], /\[2, 3, 2\]/],
    [[0, 0], /empty/],
    [[0, 2, 2], /empty/],
  ])('the shape %j is refused', (shape, message) => {
    expect(messageOf(writeNpy(bool(shape, () => false)), 'm.npy')).toMatch(message);
  });

  test('more pairs than can be handled are refused before they take memory', () => {
    const zip = writeNpz({ mask: { dtype: 'bool', shape: [1, 1], data: Uint8Array.of(1) } });
    expect(messageOf(zip, 'm.npz')).toBe('read');
    const huge = { dtype: 'bytes', width: 2 ** 17, shape: [], data: new Uint8Array(2 ** 17) } as const;
    expect(messageOf(writeNpz({ mask: huge }), 'm.npz')).toMatch(/holds text/);
    const wide = csr({ shape: fromInt64(BigInt64Array.of(16_385n, 16_385n), [2]) });
    expect(messageOf(wide, 'm.npz')).toMatch(/at most 268435456 pairs/);
  });
});

describe('files that are not what they say', () => {
  const sound: readonly (readonly [string, Uint8Array])[] = [
    ['m.npy', writeNpy(bool([9, 9], local))],
    ['m.npz', writeNpz({ mask: bool([9, 9], local) })],
    ['csr.npz', csr()],
    ['m.safetensors', writeSafetensors({ mask: bool([9, 9], local) })],
    [
      'plan.safetensors',
      written(
        formats
          .find(({ id }) => id === 'safetensors')!
          .write({
            name: 'p',
            source: undefined,
            pattern: { kind: 'primitive', name: 'causal', args: {} },
            shape: squareShape(9),
          }),
      ).files[0].bytes,
    ],
  ];

  test.each(sound)(
    '%s: cut short anywhere, or with any byte changed, is read or refused, never worse',
    (path, bytes) => {
      fc.assert(
        fc.property(fc.nat(bytes.length - 1), fc.nat(255), fc.boolean(), (at, value, cut) => {
          const changed = bytes.slice(0, cut ? at : undefined);
          if (!cut) changed[at] = value;
          messageOf(changed, path);
        }),
        { numRuns: 400 },
      );
      expect(messageOf(bytes.slice(0, bytes.length - 1), path)).not.toBe('read');
      expect(messageOf(new Uint8Array(), path)).not.toBe('read');
    },
  );

  test('noise is refused', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.constantFrom('.npy', '.npz', '.safetensors'), (noise, end) => {
        expect(messageOf(noise, `m${end}`)).not.toBe('read');
      }),
    );
  });

  test('a file of another kind, and an end that none has', () => {
    expect(messageOf(writeNpy(bool([2, 2], local)), 'm.npz')).toMatch(/not a .npz file/);
    expect(messageOf(writeNpz({ mask: bool([2, 2], local) }), 'm.npy')).toMatch(/not a .npy file/);
    expect(messageOf(writeNpy(bool([2, 2], local)), 'm.pt')).toMatch(/\.npy, \.npz, \.safetensors/);
    expect(messageOf(zipSync({ 'readme.txt': Uint8Array.of(1) }), 'm.npz')).toMatch(/no array/);
    expect(messageOf(writeSafetensors({}), 'm.safetensors')).toMatch(/no array/);
    expect(messageOf(writeNpz({ mask: text('full') }), 'm.npz')).toMatch(/text/);
  });

  const numbers = (...values: number[]): NpyArray => fromInt32(Int32Array.from(values), [values.length]);
  test.each([
    ['another format', { format: text('csc') }, /"csc"; save matrix.tocsr\(\)/],
    ['a format that is no text', { format: numbers(1) }, /null/],
    ['a matrix that is not square', { shape: numbers(3, 4) }, /\[3, 4\]/],
    ['another number of rows', { shape: numbers(4, 4) }, /indptr/],
    ['three extents', { shape: numbers(3, 3, 3) }, /3 extents/],
    ['a negative extent', { shape: numbers(-3, -3) }, /-3/],
    ['rows that run backwards', { indptr: numbers(0, 3, 2, 3) }, /backwards at row 1/],
    ['a column outside', { indices: numbers(0, 3, 1) }, /column 3/],
    ['a negative column', { indices: numbers(0, -1, 1) }, /-1/],
    ['too few values', { data: numbers(1, 1) }, /values/],
    ['values that are no truths', { data: numbers(1, 1, 2) }, /neither 0 nor 1/],
    ['no values', { data: text('abc') }, /no numbers called data/],
  ])('CSR: %s', (_, changed, message) => {
    expect(messageOf(csr(changed as Record<string, NpyArray>), 'm.npz')).toMatch(message);
  });

  test('CSR: a stored 0 is no pair, and indices may be int64', () => {
    expect(readMaskFile(csr({ data: numbers(1, 0, 1) }), 'm.npz')).toEqual(
      bits(null, 3, (_, i, j) => (i === 0 && j === 0) || (i === 2 && j === 1)),
    );
    const wide = csr({ indices: fromInt64(BigInt64Array.of(0n, 2n, 1n), [3]) });
    expect(readMaskFile(wide, 'm.npz')).toEqual(readMaskFile(csr(), 'm.npz'));
  });

  test.each([
    ['another version', { version: '2' }, {}, /version 2/],
    ['no tile', { tile_keys: 'many' }, {}, /"many" for tile_keys/],
    ['a huge tile', { tile_queries: '1000000' }, {}, /tile_queries/],
    ['fewer queries than keys', { queries: '8' }, {}, /\[8, 9\]/],
    ['a huge sequence', { queries: '100000', keys: '100000' }, {}, /at most/],
    ['other tiles', { tile_queries: '4' }, {}, /do not fit/],
    ['a tile outside', {}, { column: fromUint32(Uint32Array.of(1), [1]) }, /do not fit/],
    ['a mask outside', {}, { mask_id: fromUint32(Uint32Array.of(1), [1]) }, /do not fit/],
    ['rows that run backwards', {}, { row_start: fromUint32(Uint32Array.of(1, 0), [2]) }, /do not fit/],
  ])('tile plan: %s', (_, metadata, tensors, message) => {
    const plan = readSafetensors(sound[4]![1]);
    const { hash, ...said } = plan.metadata;
    expect(hash).toMatch(/^crc32:/);
    const changed = writeSafetensors(
      { ...Object.fromEntries(plan.tensors), ...tensors },
      { ...said, ...(metadata as Record<string, string>) },
    );
    expect(messageOf(changed, 'm.safetensors')).toMatch(message);
  });
});

test('a tile plan says the hash of its data, and one that is damaged is not read', () => {
  const pattern: Pattern = { kind: 'primitive', name: 'causal', args: {} };
  const request = { name: 'p', source: undefined, pattern, shape: squareShape(300) };
  const { bytes } = written(formats.find(({ id }) => id === 'safetensors')!.write(request)).files[0];
  const start = 8 + Number(new DataView(bytes.buffer).getBigUint64(0, true));
  // By another implementation.
  const expected = crc32Of(bytes.subarray(start));
  expect(readSafetensors(bytes).metadata.hash).toBe(`crc32:${expected}`);
  for (const at of [start, bytes.length - 1]) {
    const damaged = bytes.slice();
    damaged[at] = Number(damaged[at]) ^ 4;
    expect(messageOf(damaged, 'm.safetensors')).toMatch(/damaged: its data are not those that its hash is of/);
  }
});

/** zlib's, by way of the end of a gzip file. */
function crc32Of(data: Uint8Array): string {
  const file = gzipSync(data);
  return file
    .readUInt32LE(file.length - 8)
    .toString(16)
    .padStart(8, '0');
}

test('which paths end like mask files', () => {
  expect(['a.npy', 'b/c.NPZ', '../d.safetensors'].map(isMaskPath)).toEqual([true, true, true]);
  expect(['', '.npy', 'a.npy.gz', 'a.sparse', 'npz'].map(isMaskPath)).toEqual([false, false, false, false, false]);
});
