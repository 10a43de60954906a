import { describe, expect, it } from 'vitest';
import { fromFloat32, toFloat32 } from '../../../runtime/tensor/convert.ts';
import { TensorFileError } from '../../../runtime/tensor/dtype.ts';
import { writeNpy } from '../../../runtime/tensor/npy.ts';
import { writeNpz } from '../../../runtime/tensor/npz.ts';
import { readHeads } from '../../../runtime/tensor/read-heads.ts';
import { writeSafetensors } from '../../../runtime/tensor/safetensors.ts';
import { type ByteSource, ONLY_ARRAY, openTensorFile } from '../../../runtime/tensor/tensor-file.ts';

const numbers = (count: number, from = 0) => Float32Array.from({ length: count }, (_, i) => from + i);
const a = fromFloat32(numbers(24), [2, 3, 4]);
const b = fromFloat32(numbers(6, 100), [6], 'f16');

/** Bytes in memory, with a note of which were read. */
function watched(bytes: Uint8Array) {
  const reads: [number, number][] = [];
  const source: ByteSource = {
    size: bytes.length,
    async read(from, to) {
      reads.push([from, to]);
      return bytes.subarray(from, to);
    },
  };
  return { source, reads };
}

describe('a file of tensors', () => {
  it.each([
    ['.safetensors', writeSafetensors({ a, b })],
    ['.npz', writeNpz({ a, b })],
  ])('%s gives parts of its tensors', async (_what, bytes) => {
    const file = await openTensorFile(watched(bytes).source);
    expect(Object.fromEntries(file.tensors)).toMatchObject({
      a: { dtype: 'f32', shape: [2, 3, 4] },
      b: { dtype: 'f16', shape: [6] },
    });
    expect(toFloat32(await file.read('a', 5, 9))).toEqual(numbers(4, 5));
    expect(toFloat32(await file.read('b', 0, 6))).toEqual(numbers(6, 100));
    await expect(file.read('c', 0, 1)).rejects.toThrow(RangeError);
  });

  it('reads of .safetensors and .npy the header and what is asked for, no more', async () => {
    for (const [bytes, name] of [
      [writeSafetensors({ a: fromFloat32(numbers(100_000), [100_000]) }), 'a'],
      [writeNpy(fromFloat32(numbers(100_000), [100_000])), ONLY_ARRAY],
    ] as const) {
      const { source, reads } = watched(bytes);
      const file = await openTensorFile(source);
      expect(toFloat32(await file.read(name, 70_000, 70_010))).toEqual(numbers(10, 70_000));
      const read = reads.reduce((sum, [from, to]) => sum + to - from, 0);
      expect(read).toBeLessThan(name === 'a' ? 300 : 66_000);
    }
  });

  it('takes a .npy file of three apart', async () => {
    const file = await openTensorFile(watched(writeNpy(fromFloat32(numbers(72), [3, 2, 3, 4]))).source);
    expect([...file.tensors.keys()]).toEqual(['q', 'k', 'v']);
    expect((await readHeads(file, 'k', { layout: 'hnd', batch: 0 })).data).toEqual(numbers(24, 24));
  });

  it('refuses what is none', async () => {
    for (const bytes of [new Uint8Array(0), new Uint8Array(20), Uint8Array.of(0x50, 0x4b, 3, 4, 9)])
      await expect(openTensorFile(watched(bytes).source)).rejects.toThrow(TensorFileError);
  });

  it('names no format of what is none of them', async () => {
    const why = (bytes: Uint8Array) => openTensorFile(watched(bytes).source);
    await expect(why(new Uint8Array(0))).rejects.toThrow('The file is empty.');
    for (const length of [1, 8, 9, 5000])
      await expect(why(Uint8Array.from({ length }, (_, i) => (7 * i + 3) % 251))).rejects.toThrow(
        'This is neither a .safetensors nor a .npz or .npy file.',
      );
    const cut = writeSafetensors({ a, b }).subarray(0, 100);
    await expect(why(cut)).rejects.toThrow(/not a sound .safetensors file/);
  });
});

describe('reading heads', () => {
  it('brings heads before tokens, and says where a number is not finite', async () => {
    // [batch 2][tokens 5][heads 3][dim 2]
    const data = numbers(60);
    const file = await openTensorFile(watched(writeSafetensors({ x: fromFloat32(data, [2, 5, 3, 2]) })).source);
    const { data: heads, axes } = await readHeads(file, 'x', { layout: 'bnhd', batch: 1 });
    expect(axes).toEqual({ batch: 2, heads: 3, tokens: 5, headDim: 2 });
    for (let h = 0; h < 3; h++)
      for (let n = 0; n < 5; n++)
        for (let d = 0; d < 2; d++) expect(heads[(h * 5 + n) * 2 + d]).toBe(data[30 + (n * 3 + h) * 2 + d]);
    data[30 + (4 * 3 + 2) * 2 + 1] = Number.NEGATIVE_INFINITY;
    const bad = await openTensorFile(watched(writeSafetensors({ x: fromFloat32(data, [2, 5, 3, 2]) })).source);
    await expect(readHeads(bad, 'x', { layout: 'bnhd', batch: 1 })).rejects.toThrow(
      'x holds -Infinity at [1, 4, 2, 1]; attention needs finite numbers.',
    );
    expect((await readHeads(bad, 'x', { layout: 'bnhd', batch: 0 })).data).toHaveLength(30);
  });

  it('refuses other axes', async () => {
    const file = await openTensorFile(watched(writeSafetensors({ a })).source);
    await expect(readHeads(file, 'a', { layout: 'bhnd', batch: 0 })).rejects.toThrow(
      'a is [2, 3, 4], which is not [batch, heads, tokens, head_dim].',
    );
  });
});
