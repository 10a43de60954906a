import type { KernelSpec } from '../attention/gpu/kernel.ts';
import { copyMasks, place, planWords, schedules } from '../attention/gpu/placement.ts';
import { paddedDim, simtShapes } from '../attention/gpu/simt-shapes.ts';
import { ITEM_WORDS, PARAMS_BYTES } from '../attention/gpu/wgsl/common.ts';
import { simtKernel } from '../attention/gpu/wgsl/simt.ts';
import { contentsOfText } from '../tensor/contents.ts';
import { fromUint32 } from '../tensor/convert.ts';
import { safetensorsContents } from '../tensor/safetensors.ts';
import { plansOf } from './head-masks.ts';
import type { Misfit } from './misfit.ts';
import type { Exported, ExportRequest } from './request.ts';
import { BINDING_LIMIT, checkExportSize } from './size-limit.ts';

/** Head dimension where nobody said another one. */
const USUAL_DIM = 64;
/** Wider heads need more registers than devices have. */
const MOST_DIM = 256;
const TILE = 64;
/** Every device dispatches so many workgroups in a row. */
const ACROSS = 65535;

/** The kernel that every WebGPU device has the means for: 16 KiB of workgroup memory, no optional features. */
function kernelFor(headDim: number): KernelSpec {
  const dim = paddedDim(headDim);
  const [shape] = simtShapes(dim, { queries: TILE, keys: TILE });
  return simtKernel({ element: 'f32', dim, ...shape });
}

/** Why there is no kernel for a request; undefined when there is one. */
export function wgslMisfit({ headDim = USUAL_DIM }: ExportRequest): Misfit | undefined {
  return headDim <= MOST_DIM
    ? undefined
    : { reason: `heads have at most ${MOST_DIM} numbers, not ${headDim}`, roundable: false };
}

/**
 * The project's own WGSL kernel for one mask, or one for each head, and as .safetensors what it reads beside the tensors:
 * `params` u32 [10], `items` u32 [workgroups, 8], `plan` u32 [tiles, 2] and `masks` u32 [tile masks x 128]. The text says
 * how q, k and v are laid out, what each binding holds and how many workgroups there are; it needs no optional feature and
 * the default limits of WebGPU but for large buffers.
 *
 * @throws ExportSizeError when a storage buffer cannot hold the plan
 */
export function exportWgsl(request: ExportRequest): Exported {
  const { shape, headDim = USUAL_DIM } = request;
  const { distinct, head } = plansOf(request, { queries: TILE, keys: TILE });
  const heads = head.length;
  const sizes = { heads, kvHeads: request.kvHeads ?? heads, queries: shape.queries, keys: shape.tokens };
  const kernel = kernelFor(headDim);
  const placement = place(sizes, [{ plans: distinct, headPlan: head }], kernel);
  // No row is cut, so that nothing has to be merged afterwards.
  const whole = { rows: kernel.rows, mostSegmentRows: 0, longest: Number.POSITIVE_INFINITY };
  const [schedule] = schedules(placement, sizes, whole);
  const [part] = placement.parts;
  if (schedule === undefined || part === undefined) throw new RangeError('a request has at least one head');
  const workgroups = schedule.items.length / ITEM_WORDS;
  checkExportSize(
    'The plan of this kernel',
    4 * Math.max(schedule.items.length, placement.planWords, placement.maskWords),
    BINDING_LIMIT,
    'Use fewer tokens or heads.',
  );
  // A binding cannot be empty.
  const masks = new Uint32Array(Math.max(1, placement.maskWords));
  copyMasks(placement, (words, at) => masks.set(words, at));
  const plan = placement.planWords === 0 ? new Uint32Array(2) : planWords(placement);
  const vectors = Math.ceil(headDim / 4);
  const across = Math.min(workgroups, ACROSS);
  const items = [0, workgroups, across];
  // All tiles of an item at once.
  const tiles = [0, 0xffffffff];
  const params = Uint32Array.of(...items, TILE, TILE, part.wordsPerRow, vectors, part.masksAt, ...tiles);
  const contents = safetensorsContents(
    {
      params: fromUint32(params, [params.length]),
      items: fromUint32(schedule.items, [workgroups, ITEM_WORDS]),
      plan: fromUint32(plan, [plan.length / 2, 2]),
      masks: fromUint32(masks, [masks.length]),
    },
    { name: request.name, ...(request.source !== undefined && { source: request.source }) },
  );
  const facts = { ...sizes, name: request.name, headDim, dim: kernel.dim, workgroups, across, vectors };
  return {
    files: [
      { extension: 'wgsl', contents: contentsOfText(`${documentation(facts)}${kernel.code}`) },
      { extension: 'safetensors', contents },
    ],
    addedPairs: 0,
  };
}

interface KernelFacts {
  readonly name: string;
  readonly heads: number;
  readonly kvHeads: number;
  readonly queries: number;
  readonly keys: number;
  readonly headDim: number;
  /** Numbers of a head as stored. */
  readonly dim: number;
  readonly workgroups: number;
  readonly across: number;
  readonly vectors: number;
}

function documentation(facts: KernelFacts): string {
  const { name, heads, kvHeads, queries, keys, headDim, dim, workgroups, across, vectors } = facts;
  const stored = (rows: number): number => Math.ceil(rows / TILE) * TILE;
  const queryRows = heads * stored(queries);
  const keyRows = kvHeads * stored(keys);
  return `// Sparse attention under the mask of ${name.replaceAll(/\s+/g, ' ')}, in float32: one entry point, \`main\`, without optional features.
//
//   HEADS ${heads}  KV_HEADS ${kvHeads}  QUERIES ${queries}  KEYS ${keys}  HEAD_DIM ${headDim}  DIM ${dim}
//
// Group 0; those marked * are the tensors of that name in the .safetensors file beside this one, as they are:
//
//   0  uniform  params *  ${PARAMS_BYTES} bytes
//   1  read     q         ${queryRows * dim * 4} bytes: row r of head h is stored row R = h * ${stored(queries)} + r, and its number d,
//                         times scale * log2(e), is float (floor(R / ${TILE}) * DIM + d) * ${TILE} + R % ${TILE}; the rest is 0.
//                         scale is 1 / sqrt(HEAD_DIM), or another one
//   2  read     k         ${keyRows * dim * 4} bytes: the same with R = kv_head * ${stored(keys)} + key and without a factor
//   3  read     v         ${keyRows * dim * 4} bytes: with the same R, number d is float R * DIM + d; the rest is 0
//   4  read     items *
//   5  read     plan *
//   6  read     masks *
//   7  write    o         ${heads * queries * vectors * 16} bytes: number d of row r of head h is float (h * QUERIES + r) * ${4 * vectors} + d;
//                         zeros for a query without keys
//   8  write    stats     ${heads * queries * 8} bytes: two floats (m, l) for each row; ln of the sum of exp(score) is (m + log2(l)) * ln(2)
//
// dispatchWorkgroups(${across}, ${Math.ceil(workgroups / across)}). Query head h reads key/value head floor(h * KV_HEADS / HEADS).
// Where one dispatch takes longer than the system allows, set params[0] and params[1] to a first item and an end for each of
// several, and dispatch as many workgroups as there are items between them.
`;
}
