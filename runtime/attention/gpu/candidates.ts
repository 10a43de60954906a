import type { TilePlan } from '../../compile/tile-plan.ts';
import type { Precision } from '../types.ts';
import type { Capability } from './device.ts';
import type { Element, KernelSpec } from './kernel.ts';
import { type SimtShape, simtKernel } from './wgsl/simt.ts';
import { type TensorShape, tensorKernel } from './wgsl/tensor.ts';

/** What a kernel is chosen for. */
export interface Demand {
  /** Numbers of a head, 1 to 256. */
  readonly headDim: number;
  readonly precision: Precision;
  readonly tile: TilePlan['tile'];
}

/** Every device has at least this much workgroup memory. */
const PORTABLE_BYTES = 16384;

/**
 * Kernels that can do what is asked for on such a device, the one that is most often the fastest first. The last one needs
 * nothing that a device may lack.
 */
export function candidates(capability: Capability, demand: Demand): KernelSpec[] {
  const { precision } = demand;
  const found: KernelSpec[] = [];
  if (precision === 'f16') found.push(...tensorKernels(capability, demand));
  for (const element of elements(precision, capability)) found.push(...simtKernels(capability, demand, element));
  return found.filter(
    ({ workgroupBytes, threads }) => workgroupBytes <= capability.workgroupBytes && threads <= capability.threads,
  );
}

/** Full precision may be the faster one: it needs no conversions. Where software computes, trying that out takes too long. */
function elements(precision: Precision, { imitated }: Capability): readonly Element[] {
  if (precision === 'f32') return ['f32'];
  return imitated ? ['f16'] : ['f16', 'f32'];
}

/** Multiples of 16 that hold a head. */
function paddedDim(headDim: number): number {
  return Math.ceil(headDim / 16) * 16;
}

function tensorKernels({ matrices, subgroupSize, sizeControl, imitated }: Capability, demand: Demand): KernelSpec[] {
  const [matrix] = matrices;
  if (matrix === undefined || subgroupSize === 0 || imitated) return [];
  const dim = Math.ceil(demand.headDim / Math.max(16, matrix.K, matrix.N)) * Math.max(16, matrix.K, matrix.N);
  const base = { matrix, dim, subgroupSize, sizeControl };
  return tensorShapes(dim)
    .filter(
      ({ step, subgroupRows }) =>
        demand.tile.keys % step === 0 &&
        step % matrix.N === 0 &&
        step % matrix.K === 0 &&
        subgroupRows % matrix.M === 0 &&
        subgroupSize % subgroupRows === 0 &&
        // A lane handles eight keys at a time.
        (step * subgroupRows) % (8 * subgroupSize) === 0 &&
        // Rows beyond the block's would be computed for nothing.
        subgroupRows <= Math.max(16, demand.tile.queries),
    )
    .map(shape => tensorKernel({ ...base, ...shape }));
}

type Choice = Pick<TensorShape, 'subgroupRows' | 'subgroups' | 'step' | 'early' | 'ahead' | 'rereadQueries'>;

/**
 * Shapes that were fastest somewhere (see test/bench/NOTES.md), for heads that leave registers for reading ahead and for
 * wide ones.
 */
function tensorShapes(dim: number): Choice[] {
  const plain = { subgroups: 1, early: false, ahead: false, rereadQueries: false };
  const narrow: Choice[] = [
    { ...plain, subgroupRows: 32, step: 16, early: true, ahead: true },
    { ...plain, subgroupRows: 32, step: 16 },
    { ...plain, subgroupRows: 32, step: 32 },
  ];
  const wide: Choice[] = [
    { ...plain, subgroupRows: 32, step: 16, rereadQueries: true },
    { ...plain, subgroupRows: 32, step: 16 },
    { ...plain, subgroupRows: 16, step: 32 },
  ];
  // Few rows to a block, or a matrix unit of other sizes.
  const small: Choice = { ...plain, subgroupRows: 16, step: 16 };
  const smallest: Choice = { ...plain, subgroupRows: 8, step: 32 };
  return [...(dim <= 96 ? narrow : wide), small, smallest];
}

function simtKernels(capability: Capability, { headDim, tile }: Demand, element: Element): KernelSpec[] {
  const dim = paddedDim(headDim);
  const step = tile.keys % 32 === 0 ? 32 : 16;
  const base = { element, dim, unroll: !capability.imitated };
  const plain = { rowQuads: 1, keyQuads: 1, memory: PORTABLE_BYTES };
  const shapes: Omit<SimtShape, keyof typeof base>[] = [];
  if (!capability.imitated && tile.queries > 32) {
    shapes.push({ ...plain, rows: 64, step });
    if (step === 32) shapes.push({ ...plain, rows: 64, step, rowQuads: 2 });
    if (tile.keys % 64 === 0) shapes.push({ ...plain, rows: 64, step: 64, keyQuads: 2, memory: 24576 });
  }
  shapes.push({ ...plain, rows: tile.queries > 16 ? 32 : 16, step });
  return shapes.map(shape => simtKernel({ ...base, ...shape }));
}
