import fc from 'fast-check';
import { unzipSync } from 'fflate';
import { describe, expect, it, vi } from 'vitest';
import { statistics } from '../../../runtime/analyse/statistics.ts';
import { denseMask } from '../../../runtime/compile/dense.ts';
import { FULL_TILE, type TilePlan } from '../../../runtime/compile/tile-plan.ts';
import { type ExportRequest, formatOf, formats } from '../../../runtime/export/formats.ts';
import { ExportSizeError } from '../../../runtime/export/size-limit.ts';
import type { Pattern } from '../../../runtime/pattern/ir.ts';
import { PatternError } from '../../../runtime/pattern/primitive.ts';
import { type Shape, squareShape } from '../../../runtime/pattern/shape.ts';
import { bytesOf } from '../../../runtime/tensor/contents.ts';
import type { Tensor } from '../../../runtime/tensor/dtype.ts';
import { readNpy } from '../../../runtime/tensor/npy.ts';
import { readNpz } from '../../../runtime/tensor/npz.ts';
import { readSafetensors } from '../../../runtime/tensor/safetensors.ts';
import { arbitraryPattern } from '../arbitrary-pattern.ts';
import { allows } from '../brute-force.ts';
import { written } from './written.ts';

const primitive = (name: string, args: Record<string, number> = {}): Pattern => ({
  kind: 'primitive',
  name,
  args: Object.fromEntries(
    Object.entries(args).map(([key, value]) => [key, { type: 'number', value: { op: 'number', value } }]),
  ),
});

const shapes = fc
  .record({
    n: fc.oneof(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 41, max: 200 })),
    share: fc.double({ min: 0, max: 1, noNaN: true }),
    end: fc.boolean(),
  })
  .map(({ n, share, end }): Shape => {
    const queries = Math.max(1, Math.ceil(n * share));
    return { ...squareShape(n), queries, offset: end ? n - queries : 0 };
  });

/** The mask by definition, one byte for each pair. */
function expectedMask(pattern: Pattern, shape: Shape): Uint8Array {
  const mask = new Uint8Array(shape.queries * shape.tokens);
  for (let row = 0; row < shape.queries; row++)
    for (let key = 0; key < shape.tokens; key++)
      mask[row * shape.tokens + key] = allows(pattern, shape, shape.offset + row, key) ? 1 : 0;
  return mask;
}

function write(id: string, pattern: Pattern, shape: Shape, more: Partial<ExportRequest> = {}): Uint8Array {
  const format = formatOf(id);
  if (format === undefined) throw new Error(`no format ${id}`);
  return bytesOf(
    format.write({ name: 'mine', source: 'pattern mine = ...', pattern, shape, ...more }).files[0].contents,
  );
}

function words(tensor: Tensor | undefined): Uint32Array {
  if (tensor?.dtype !== 'u32') throw new Error('not U32');
  return new Uint32Array(tensor.data.slice().buffer);
}

function signed(tensor: Tensor | undefined): number[] {
  if (tensor?.dtype !== 'i32') throw new Error('not int32');
  return [...new Int32Array(tensor.data.slice().buffer)];
}

/** Equality that names the first pair instead of printing thousands. */
function expectSame(found: Uint8Array, expected: Uint8Array, keys: number): void {
  expect(found.length).toBe(expected.length);
  const at = expected.findIndex((value, index) => found[index] !== value);
  if (at >= 0) throw new Error(`(${Math.floor(at / keys)}, ${at % keys}) should be ${expected[at]}, is ${found[at]}`);
}

const RUNS = { numRuns: 80 };

describe('formats', () => {
  it('npy holds the mask, pair by pair', () => {
    fc.assert(
      fc.property(arbitraryPattern, shapes, (pattern, shape) => {
        const { dtype, shape: size, data } = readNpy(write('npy', pattern, shape));
        expect(dtype).toBe('bool');
        expect(size).toEqual([shape.queries, shape.tokens]);
        expectSame(data, expectedMask(pattern, shape), shape.tokens);
      }),
      RUNS,
    );
  });

  it('csr holds the mask as scipy lays it out, column indices sorted and distinct', () => {
    fc.assert(
      fc.property(arbitraryPattern, shapes, (pattern, shape) => {
        const bytes = write('csr', pattern, shape);
        const arrays = readNpz(bytes, ['indices', 'indptr', 'shape', 'data']);
        const indices = signed(arrays.get('indices'));
        const indptr = signed(arrays.get('indptr'));
        expect([...new BigInt64Array(arrays.get('shape')!.data.slice().buffer)]).toEqual([
          BigInt(shape.queries),
          BigInt(shape.tokens),
        ]);
        expect(arrays.get('data')).toMatchObject({ dtype: 'bool', shape: [indices.length] });
        expect(arrays.get('data')!.data.every(value => value === 1)).toBe(true);
        expect(indptr).toHaveLength(shape.queries + 1);
        expect(indptr[0]).toBe(0);
        expect(indptr.at(-1)).toBe(indices.length);
        const mask = new Uint8Array(shape.queries * shape.tokens);
        for (let row = 0; row < shape.queries; row++) {
          expect(indptr[row + 1]).toBeGreaterThanOrEqual(indptr[row]!);
          let previous = -1;
          for (const column of indices.slice(indptr[row], indptr[row + 1])) {
            if (column <= previous) throw new Error(`row ${row}: column ${column} after ${previous}`);
            previous = column;
            mask[row * shape.tokens + column] = 1;
          }
        }
        expectSame(mask, expectedMask(pattern, shape), shape.tokens);
      }),
      RUNS,
    );
  });

  it('csr has the five arrays that scipy looks for, and names its layout', () => {
    const files = unzipSync(write('csr', primitive('causal'), squareShape(5)));
    expect(Object.keys(files).sort()).toEqual(['data.npy', 'format.npy', 'indices.npy', 'indptr.npy', 'shape.npy']);
    const format = new TextDecoder('latin1').decode(files['format.npy']);
    expect(format).toMatch(/'descr': '\|S3'.*'shape': \(\)/);
    expect(format.slice(-3)).toBe('csr');
  });

  it('safetensors holds the tile plan', () => {
    fc.assert(
      fc.property(arbitraryPattern, shapes, (pattern, shape) => {
        const { tensors, metadata } = readSafetensors(write('safetensors', pattern, shape));
        const number = (name: string): number => Number(metadata[name]);
        const plan: TilePlan = {
          tile: { queries: number('tile_queries'), keys: number('tile_keys') },
          queries: number('queries'),
          keys: number('keys'),
          rowStart: words(tensors.get('row_start')),
          column: words(tensors.get('column')),
          maskId: words(tensors.get('mask_id')),
          masks: words(tensors.get('masks')),
          pairs: new Float64Array(0),
        };
        expect(number('full_tile')).toBe(FULL_TILE);
        expectSame(denseMask(plan), expectedMask(pattern, shape), shape.tokens);
        const pairs = [...new BigInt64Array(tensors.get('pairs')!.data.slice().buffer)];
        expect(pairs.reduce((sum, count) => sum + count, 0n)).toBe(BigInt(statistics(pattern, shape).pairs));
      }),
      RUNS,
    );
  });

  it('safetensors writes a long list of tiles in parts, each in an order of its own', () => {
    const shape = squareShape(2 ** 17);
    const strided: Pattern = {
      kind: 'union',
      left: primitive('sliding', { size: 64 }),
      right: { kind: 'intersection', left: primitive('strided', { stride: 64 }), right: primitive('causal') },
    };
    const { tensors, metadata } = readSafetensors(write('safetensors', strided, shape));
    expect(metadata).toMatchObject({ version: '2', parts: '2' });
    let pairs = 0n;
    for (const part of ['part_0', 'part_1']) {
      const column = words(tensors.get(`${part}.column`));
      expect(column.length).toBeLessThan(50_000);
      expect(words(tensors.get(`${part}.row_start`)).at(-1)).toBe(column.length);
      const { data } = tensors.get(`${part}.pairs`) ?? { data: new Uint8Array() };
      for (const count of new BigInt64Array(data.slice().buffer)) pairs += count;
    }
    expect(Number(pairs)).toBe(statistics(strided, shape).pairs);
    expect(tensors.has('part_0.key_order')).toBe(false);
    const order = words(tensors.get('part_1.key_order'));
    expect([...order.slice(0, 3)]).toEqual([0, 64, 128]);
    expect(words(tensors.get('part_1.query_order'))).toEqual(order);
    expect(new Set(order).size).toBe(shape.tokens);
  });

  it('safetensors says what it is the plan of', () => {
    const shape: Shape = { tokens: 100, queries: 3, offset: 97, head: 2, heads: 4, layer: 5, layers: 6 };
    const source = 'pattern mine = causal() // größer ✓';
    const { metadata } = readSafetensors(write('safetensors', primitive('causal'), shape, { source }));
    expect(metadata).toMatchObject({
      format: 'sparse-attention/tile-plan',
      version: '1',
      name: 'mine',
      source,
      tokens: '100',
      queries: '3',
      keys: '100',
      offset: '97',
      layer: '5',
      layers: '6',
      head: '2',
      heads: '4',
    });
    const bare = readSafetensors(write('safetensors', primitive('causal'), shape, { source: undefined }));
    expect(Object.keys(bare.metadata)).not.toContain('source');
  });

  it('json holds the statistics and the shape', () => {
    fc.assert(
      fc.property(arbitraryPattern, shapes, (pattern, shape) => {
        const document: unknown = JSON.parse(new TextDecoder().decode(write('json', pattern, shape)));
        expect(document).toEqual({
          format: 'sparse-attention/summary',
          version: 1,
          name: 'mine',
          source: 'pattern mine = ...',
          layer: 0,
          layers: 1,
          head: 0,
          heads: 1,
          offset: shape.offset,
          ...statistics(pattern, shape),
        });
      }),
      RUNS,
    );
    const bare = JSON.parse(
      new TextDecoder().decode(write('json', primitive('full'), squareShape(3), { source: undefined })),
    );
    expect(bare.source).toBeNull();
  });

  it('gives the same bytes for the same request, whenever it is made', () => {
    const shape = squareShape(333);
    const pattern: Pattern = {
      kind: 'union',
      left: primitive('window', { size: 9 }),
      right: primitive('random', { keys: 5 }),
    };
    vi.useFakeTimers({ toFake: ['Date'], now: new Date('2001-02-03') });
    try {
      // Every format holds full() or a causal mask.
      const requests = [
        { name: 'mine', source: 'pattern mine = ...', pattern, shape },
        { name: 'all', source: undefined, pattern: primitive('full'), shape: squareShape(256) },
        { name: 'past', source: undefined, pattern: primitive('causal'), shape: squareShape(100) },
      ];
      const cases = requests.flatMap(request =>
        formats.filter(format => format.misfit(request) === undefined).map(format => ({ format, request })),
      );
      expect(new Set(cases.map(({ format }) => format.id)).size).toBe(formats.length);
      const first = cases.map(({ format, request }) => written(format.write(request)));
      vi.setSystemTime(new Date('2031-12-31T23:59:59'));
      cases.forEach(({ format, request }, index) => {
        expect(written(format.write(request)), format.id).toEqual(first[index]);
      });
    } finally {
      vi.useRealTimers();
    }
  });

  it('has distinct ids, and npz is another word for csr', () => {
    expect(new Set(formats.map(({ id }) => id)).size).toBe(formats.length);
    expect(new Set(formats.map(({ title }) => title)).size).toBe(formats.length);
    expect(formatOf('npz')).toBe(formatOf('csr'));
    for (const unknown of ['', 'NPY', 'jpg', 'toString', '__proto__'])
      expect(formatOf(unknown), unknown).toBeUndefined();
    for (const { title, description } of formats) {
      expect(title).not.toBe('');
      expect(description).toMatch(/\.$/);
    }
  });

  it('refuses a file that would be too large, and says what to do instead', () => {
    const shape = squareShape(2 ** 17);
    expect(() => write('npz-dense', primitive('sliding', { size: 4 }), shape)).toThrow(ExportSizeError);
    expect(() => write('npz-dense', primitive('sliding', { size: 4 }), shape)).toThrow(
      /would take 16 GiB; a zip file holds 3.98 GiB at most.*npy.*csr or safetensors/,
    );
    expect(() => write('csr', primitive('causal'), shape)).toThrow(/zip file.*safetensors/);
    expect(() => write('onnx', primitive('full'), shape)).toThrow(/protocol buffer.*flex or safetensors/);
    expect(write('safetensors', primitive('causal'), shape).length).toBeGreaterThan(2 ** 20);
  });

  it('passes on what has no meaning, and stops when asked to', () => {
    for (const { id } of formats) {
      expect(() => write(id, primitive('window', { size: -1 }), squareShape(8)), id).toThrow(PatternError);
      expect(
        () =>
          write(id, primitive('random', { keys: 64 }), squareShape(8192), {
            checkpoint: () => {
              throw new Error('stopped');
            },
          }),
        id,
      ).toThrow('stopped');
    }
  });
});
