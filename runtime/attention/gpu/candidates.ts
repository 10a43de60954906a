import type { TilePlan } from '../../compile/tile-plan.ts';
import type { Precision } from '../types.ts';
import type { Capability } from './device.ts';
import type { Element, KernelSpec } from './kernel.ts';
import { paddedDim, simtShapes, softwareShape } from './simt-shapes.ts';
import { simtKernel } from './wgsl/simt.ts';
import { type MatrixSize, type TensorShape, tensorKernel } from './wgsl/tensor.ts';

/** What a kernel is chosen for. */
export interface Demand {
  /** Numbers of a head, 1 to 256. */
  readonly headDim: number;
  readonly precision: Precision;
  readonly tile: TilePlan['tile'];
}

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

function tensorKernels({ matrices, subgroupSize, sizeControl, imitated }: Capability, demand: Demand): KernelSpec[] {
  if (subgroupSize === 0 || imitated) return [];
  const { tile } = demand;
  const found: KernelSpec[] = [];
  for (const matrix of smallestAndLargest(matrices)) {
    const unit = Math.max(16, matrix.K, matrix.N);
    const dim = Math.ceil(demand.headDim / unit) * unit;
    const fits = ({ step, rows, team }: Choice): boolean =>
      tile.keys % step === 0 &&
      step % (matrix.N * team) === 0 &&
      step % matrix.K === 0 &&
      dim % (matrix.N * team) === 0 &&
      rows % matrix.M === 0 &&
      rows % team === 0 &&
      subgroupSize % (rows / team) === 0 &&
      // An invocation handles eight keys at a time.
      (step * rows) % (8 * subgroupSize * team) === 0 &&
      // Rows beyond the block's would be computed for nothing.
      rows <= Math.max(16, tile.queries);
    for (const shape of tensorShapes(dim).filter(fits))
      found.push(tensorKernel({ matrix, dim, subgroupSize, sizeControl, ...shape }));
  }
  return found;
}

/** Small matrices are read with fewer accesses to memory, large ones take fewer instructions. */
function smallestAndLargest(matrices: readonly MatrixSize[]): MatrixSize[] {
  const bySize = [...matrices].sort((a, b) => a.M * a.N * a.K - b.M * b.N * b.K);
  const [smallest] = bySize;
  const largest = bySize.at(-1);
  if (smallest === undefined || largest === undefined) return [];
  return smallest === largest ? [smallest] : [smallest, largest];
}

type Choice = Pick<TensorShape, 'rows' | 'team' | 'step' | 'early' | 'ahead'>;

/**
 * Shapes that were fastest somewhere (see test/bench/NOTES.md), for heads that leave registers for reading ahead and for
 * wide ones.
 */
function tensorShapes(dim: number): Choice[] {
  const plain = { team: 1, early: false, ahead: false };
  const early = { ...plain, early: true };
  const narrow: Choice[] = [
    { ...early, rows: 64, team: 4, step: 32 },
    { ...early, rows: 64, team: 4, step: 32, ahead: true },
    { ...early, rows: 64, team: 2, step: 32, ahead: true },
    { ...early, rows: 32, team: 2, step: 32, ahead: true },
    { ...early, rows: 32, step: 16, ahead: true },
  ];
  const wide: Choice[] = [
    { ...early, rows: 64, team: 4, step: 32 },
    { ...early, rows: 32, team: 4, step: 32 },
    { ...early, rows: 32, team: 2, step: 32 },
  ];
  // Few rows to a block, or a matrix unit of other sizes.
  const small: Choice = { ...plain, rows: 16, step: 16 };
  const smallest: Choice = { ...plain, rows: 8, step: 32 };
  return [...(dim <= 96 ? narrow : wide), small, smallest];
}

function simtKernels({ imitated }: Capability, { headDim, tile }: Demand, element: Element): KernelSpec[] {
  const dim = paddedDim(headDim);
  const shapes = imitated ? [softwareShape(tile)] : simtShapes(dim, tile);
  return shapes.map(shape => simtKernel({ element, dim, ...shape }));
}
