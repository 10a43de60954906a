import type { TilePlan } from '../../compile/tile-plan.ts';
import type { Precision } from '../types.ts';
import type { Capability } from './device.ts';
import type { KernelSpec } from './kernel.ts';
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
  for (const element of precision === 'f16' ? (['f16', 'f32'] as const) : (['f32'] as const))
    found.push(...simtKernels(capability, demand, element));
  return found.filter(
    ({ workgroupBytes, threads }) => workgroupBytes <= capability.workgroupBytes && threads <= capability.threads,
  );
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
        subgroupSize % subgroupRows === 0,
    )
    .map(shape => tensorKernel({ ...base, ...shape }));
}

type Choice = Pick<TensorShape, 'subgroupRows' | 'subgroups' | 'step' | 'early' | 'ahead' | 'rereadQueries'>;

/** Shapes that were fastest somewhere; more rows need more registers, which wide heads have no room for. */
function tensorShapes(dim: number): Choice[] {
  const plain = { early: false, ahead: false, rereadQueries: false };
  const narrow: Choice[] = [
    { subgroupRows: 32, subgroups: 1, step: 64, ...plain },
    { subgroupRows: 32, subgroups: 2, step: 64, ...plain },
    { subgroupRows: 16, subgroups: 4, step: 64, ...plain },
  ];
  const wide: Choice[] = [
    { subgroupRows: 16, subgroups: 1, step: 64, ...plain },
    { subgroupRows: 16, subgroups: 4, step: 32, ...plain },
  ];
  const small: Choice = { subgroupRows: 16, subgroups: 1, step: 16, ...plain };
  return [...(dim <= 96 ? narrow : wide), { subgroupRows: 16, subgroups: 1, step: 32, ...plain }, small];
}

function simtKernels(capability: Capability, { headDim, tile }: Demand, element: 'f32' | 'f16'): KernelSpec[] {
  const dim = paddedDim(headDim);
  const step = tile.keys % 32 === 0 ? 32 : 16;
  const base = { element, dim, unroll: !capability.imitated };
  const one = { rowQuads: 1, keyQuads: 1, keepQueries: false, memory: PORTABLE_BYTES };
  const shapes: Omit<SimtShape, keyof typeof base>[] = [];
  if (!capability.imitated && tile.queries > 32 && tile.keys % 64 === 0 && dim <= 96 && capability.workgroupBytes >= 49152)
    shapes.push({ rows: 64, step: 64, rowQuads: 2, keyQuads: 1, keepQueries: true, memory: 49152 });
  if (!capability.imitated && tile.queries > 32 && step === 32)
    shapes.push({ rows: 64, step, ...one, rowQuads: 2 });
  shapes.push({ rows: tile.queries > 16 ? 32 : 16, step, ...one });
  return shapes.map(shape => simtKernel({ ...base, ...shape }));
}
