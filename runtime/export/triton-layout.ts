import { littleEndian } from '../tensor/convert.ts';
import { safetensorsContents } from '../tensor/safetensors.ts';
import type { Misfit } from './misfit.ts';
import type { Exported, ExportRequest } from './request.ts';
import { blocksOf, brokenBlock } from './whole-blocks.ts';

/** Sizes that kernels take, the largest first. */
const SIZES = [128, 64, 32, 16] as const;
const SMALLEST = 16;

/** Why a layout cannot hold the masks of a request; undefined when it can. Throws CompileError. */
export function layoutMisfit(request: ExportRequest): Misfit | undefined {
  const { queries, tokens } = request.shape;
  if (queries % SMALLEST !== 0 || tokens % SMALLEST !== 0)
    return {
      reason: `queries and keys must be multiples of ${SMALLEST}, but are ${queries} and ${tokens}`,
      roundable: false,
    };
  return brokenBlock(request, { queries: SMALLEST, keys: SMALLEST }, 'all');
}

/** Sizes in which the masks are whole blocks, the largest first; the smallest where blocks have to be rounded up. */
export function layoutSizes(request: ExportRequest): readonly [number, ...number[]] {
  const { queries, tokens } = request.shape;
  const [first, ...others] = SIZES.filter(
    size =>
      queries % size === 0 &&
      tokens % size === 0 &&
      brokenBlock(request, { queries: size, keys: size }, 'all') === undefined,
  );
  return first === undefined ? [SMALLEST] : [first, ...others];
}

/**
 * The layout tensor of DeepSpeed, xFormers and Triton's old block-sparse operators: `layout` int64
 * [heads, queries / block, keys / block] of 0 and 1, one head where one mask is exported; the metadata says `block`, the
 * largest of 128, 64, 32, 16 in which the masks are whole blocks, 16 where blocks had to be rounded up.
 */
export function exportLayout(request: ExportRequest): Exported {
  const { queries, tokens } = request.shape;
  const [block] = layoutSizes(request);
  const heads = request.heads?.length ?? 1;
  const { allowed, rows, columns, addedPairs } = blocksOf(request, { queries: block, keys: block }, 'all');
  const contents = safetensorsContents(
    { layout: { dtype: 'i64', shape: [heads, rows, columns], data: () => numbersOf(allowed()) } },
    { name: request.name, block: String(block), queries: String(queries), keys: String(tokens) },
  );
  return { files: [{ extension: 'safetensors', contents }], addedPairs };
}

function* numbersOf(rows: Iterable<Uint8Array>): Generator<Uint8Array, void> {
  for (const row of rows) yield littleEndian(BigInt64Array.from(row, BigInt));
}
