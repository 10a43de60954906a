import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { denseMask } from '../../../runtime/compile/dense.ts';
import { FULL_TILE, planPairs, type TilePlan } from '../../../runtime/compile/tile-plan.ts';
import { exportCsr } from '../../../runtime/export/csr.ts';
import { denseNpy } from '../../../runtime/export/npy.ts';
import { exportSafetensors } from '../../../runtime/export/safetensors.ts';
import { bytesOf } from '../../../runtime/tensor/contents.ts';
import { toFloat32 } from '../../../runtime/tensor/convert.ts';
import { readNpy } from '../../../runtime/tensor/npy.ts';
import { readNpz } from '../../../runtime/tensor/npz.ts';
import { readSafetensors } from '../../../runtime/tensor/safetensors.ts';
import { densePlan } from '../dense-plan.ts';

const cases = fc.record({
  queries: fc.integer({ min: 1, max: 70 }),
  keys: fc.integer({ min: 1, max: 70 }),
  percent: fc.integer({ min: 0, max: 101 }),
  tile: fc.record({ queries: fc.integer({ min: 1, max: 40 }), keys: fc.integer({ min: 1, max: 4 }).map(x => 16 * x) }),
});
type Case = typeof cases extends fc.Arbitrary<infer T> ? T : never;

const allowed = (percent: number) => (i: number, j: number) =>
  (Math.imul(i * 31 + j * 17 + 7, 2654435761) >>> 8) % 101 < percent;
const planOf = ({ queries, keys, percent, tile }: Case) => densePlan(queries, keys, allowed(percent), tile);
const expected = ({ queries, keys, percent }: Case) =>
  Array.from({ length: queries * keys }, (_, at) => (allowed(percent)(Math.floor(at / keys), at % keys) ? 1 : 0));

/** A plan of so many full tiles, without their memory. */
const huge = (queries: number, pairs: number): TilePlan => ({
  tile: { queries: 64, keys: 64 },
  queries,
  keys: queries,
  rowStart: new Uint32Array(queries / 64 + 1),
  column: new Uint32Array(0),
  maskId: new Uint32Array(0),
  masks: new Uint32Array(0),
  pairs: Float64Array.of(pairs),
});

const npyContentsOf = (plan: TilePlan) => denseNpy({ distinct: [plan], head: [0] }, [plan.queries, plan.keys]);
const npyOf = (plan: TilePlan): Uint8Array => bytesOf(npyContentsOf(plan));

describe('dense', () => {
  test('equals the predicate', () => {
    fc.assert(
      fc.property(cases, one => {
        expect([...denseMask(planOf(one))]).toEqual(expected(one));
      }),
    );
  });

  test('.npy holds the same bytes', () => {
    fc.assert(
      fc.property(cases, one => {
        const { dtype, shape, data } = readNpy(npyOf(planOf(one)));
        expect({ dtype, shape, data: [...data] }).toEqual({
          dtype: 'bool',
          shape: [one.queries, one.keys],
          data: expected(one),
        });
      }),
    );
  });

  test('a tebibyte begins at once, and is never there as a whole', () => {
    const contents = npyContentsOf({ ...huge(2 ** 20, 0), rowStart: new Uint32Array(2 ** 14 + 1) });
    expect(contents.size).toBe(128 + 2 ** 40);
    let read = 0;
    for (const piece of contents) {
      expect(piece.length).toBe(2 ** 20);
      read += piece.length;
      if (read === 2 ** 24) break;
    }
  });
});

describe('CSR', () => {
  test('rows, columns and counts', () => {
    fc.assert(
      fc.property(cases, one => {
        const plan = planOf(one);
        const arrays = readNpz(bytesOf(exportCsr(plan)), ['indices', 'indptr', 'shape', 'data']);
        const numbers = (name: string) => [...toFloat32(arrays.get(name)!)];
        const indptr = numbers('indptr');
        const indices = numbers('indices');
        const dense = new Array<number>(one.queries * one.keys).fill(0);
        for (let row = 0; row < one.queries; row++) {
          const keys = indices.slice(indptr[row], indptr[row + 1]);
          expect([...keys].sort((a, b) => a - b)).toEqual(keys);
          for (const key of keys) dense[row * one.keys + key] = 1;
        }
        expect(dense).toEqual(expected(one));
        expect(numbers('shape')).toEqual([one.queries, one.keys]);
        expect(numbers('data')).toEqual(new Array(planPairs(plan)).fill(1));
      }),
    );
  });

  test('too many pairs are refused', () => {
    expect(() => exportCsr(huge(2 ** 20, 2 ** 36))).toThrow(/68,719,476,736 pairs.*321 GiB.*safetensors/);
  });
});

test('safetensors holds the plan and says how to read it', () => {
  const plan = densePlan(150, 90, (i, j) => j <= i, { queries: 48, keys: 48 });
  const { tensors, metadata } = readSafetensors(
    bytesOf(exportSafetensors([plan], { name: 'causal', source: 'causal()\n' })),
  );
  const numbers = (name: string) => [...new Uint32Array(tensors.get(name)!.data.slice().buffer)];
  expect(numbers('row_start')).toEqual([...plan.rowStart]);
  expect(numbers('column')).toEqual([...plan.column]);
  expect(numbers('mask_id')).toEqual([...plan.maskId]);
  expect(numbers('mask_id')).toContain(FULL_TILE);
  expect(numbers('masks')).toEqual([...plan.masks]);
  expect(tensors.get('masks')!.shape).toEqual([plan.masks.length / 96, 48, 2]);
  expect([...new BigInt64Array(tensors.get('pairs')!.data.slice().buffer)].map(Number)).toEqual([...plan.pairs]);
  expect(metadata).toMatchObject({
    name: 'causal',
    source: 'causal()\n',
    version: '1',
    tile_keys: '48',
    queries: '150',
  });
  expect(bytesOf(exportSafetensors([plan]))).toEqual(bytesOf(exportSafetensors([plan])));
});
