import { buildMaskTree, CompileError, type CompileOptions, type MaskTree } from '../compile/mask-tree.ts';
import { planOf } from '../compile/plan.ts';
import { FULL_TILE } from '../compile/tile-plan.ts';
import type { Mask } from '../pattern/mask.ts';
import { type Shape, squareShape } from '../pattern/shape.ts';
import { transposedMask } from '../pattern/transposed-mask.ts';
import type { FlowOptions, FlowReport } from './flow-report.ts';
import { type Flow, flowOf } from './reach.ts';
import { OutOfSteps } from './relation.ts';
import { addRun, isListed } from './row-reader.ts';
import { type SharedRows, sharedRows } from './shared-rows.ts';
import { stackSpread } from './stack-spread.ts';
import { Steps, UNREACHED } from './steps.ts';

/** Inputs that may be read for bounds. */
const STEPS = 2 ** 29;
/** Squares of a mask up to which blocks are looked at. */
const MOST_NODES = 2 ** 20;
/** Longest sequence that is walked through one position at a time, and where a few pairs of each row are listed. */
const MOST_WALKED_TOKENS = 2 ** 18;
const MOST_LISTED_TOKENS = 2 ** 20;
/** Sides of blocks, the finest first. */
const BLOCK_SIDES = [16, 32, 64, 128, 256] as const;

type Bounds = Omit<FlowReport, 'tokens' | 'queries' | 'layers' | 'isolated'>;

/** What can be said where nothing is exact: by blocks of positions, and by following a few positions. */
export function flowBounds(mask: Mask, shape: Shape, ahead: boolean, options: FlowOptions): Bounds {
  const flow = flowOf(mask, shape, options);
  const isWalked = shape.tokens <= (isListed(mask) ? MOST_LISTED_TOKENS : MOST_WALKED_TOKENS);
  const walked = isWalked ? walkedFromEnds(mask, shape, options) : NOT_WALKED;
  // Nearly every block holds some scattered pair and hardly any holds all: that would tell nothing.
  const blocks = flow === 'connected' && !isListed(mask) ? blockBounds(mask, shape, ahead, options) : undefined;
  const least = Math.max(walked.least, blocks?.least ?? 1);
  const most = Math.min(walked.most, blocks?.most ?? Number.POSITIVE_INFINITY);
  return {
    reaches: reachesOf(flow, ahead, Number.isFinite(most)),
    share: null,
    missing: flow === undefined || flow === 'connected' ? null : flow,
    hops: { least, most, exact: least === most },
    full: null,
    byLayer: [],
    fields: [],
  };
}

/** `everybody`: is there a bound for the way from anybody to anybody? */
function reachesOf(flow: Flow, ahead: boolean, everybody: boolean): FlowReport['reaches'] {
  if (everybody) return 'all';
  if (flow === undefined) return null;
  if (flow !== 'connected') return 'part';
  return ahead ? null : 'past';
}

interface LeastMost {
  readonly least: number;
  readonly most: number;
}

const NOT_WALKED: LeastMost = { least: 1, most: Number.POSITIVE_INFINITY };

/**
 * Distances of whole blocks of positions. A block that sees another one when any of its positions does is never farther
 * away than they are; one that sees it when all see all is never nearer.
 */
function blockBounds(mask: Mask, shape: Shape, ahead: boolean, options: FlowOptions): LeastMost | undefined {
  const steps = STEPS * (options.effort ?? 1);
  for (const side of BLOCK_SIDES)
    try {
      const limits = { ...options, maxNodes: MOST_NODES, tile: { queries: side, keys: side } };
      const tree = buildMaskTree(mask, squareShape(shape.tokens), limits);
      const { some, every } = blocksOf(tree);
      const tokens = Math.ceil(shape.tokens / side);
      const hopsOf = (masks: Blocks) =>
        stackSpread(
          { tokens, masks: [sharedBlocks(masks, options.checkpoint)], layers: [] },
          steps,
          options.checkpoint,
        );
      const least = hopsOf(some).hops;
      // A block inside of which not all see all has positions that are farther from each other.
      const fewer = seesItself(every) ? hopsOf(every) : undefined;
      const whole = fewer !== undefined && ahead && fewer.connected === tokens ** 2;
      return { least: Math.max(1, least), most: whole ? Math.max(1, fewer.hops) : Number.POSITIVE_INFINITY };
    } catch (error) {
      if (!(error instanceof OutOfSteps || error instanceof CompileError)) throw error;
    }
  return undefined;
}

/**
 * Distances from the first and the last position, and to the first: no diameter is shorter, and everybody gets to
 * everybody by way of the first.
 */
function walkedFromEnds(mask: Mask, shape: Shape, options: CompileOptions): LeastMost {
  const steps = Steps.of(mask, shape, options);
  const onwards = steps.distances(0);
  const last = steps.distances(shape.tokens - 1);
  const backwards = Steps.of(transposedMask(mask, shape.tokens), shape, options);
  const there = backwards.distances(0);
  const farthest = (distances: Int32Array): number => distances.reduce((most, distance) => Math.max(most, distance), 0);
  const everybody = !onwards.includes(UNREACHED) && !there.includes(UNREACHED);
  return {
    least: Math.max(farthest(onwards), farthest(last), farthest(there)),
    most: everybody ? farthest(onwards) + farthest(there) : Number.POSITIVE_INFINITY,
  };
}

/** Blocks of keys by block of queries: those of block i are `key[start[i]]` to `key[start[i + 1] - 1]`, ascending. */
interface Blocks {
  /** [blocks + 1] */
  readonly start: Uint32Array;
  readonly key: Uint32Array;
}

/** Blocks of keys of which some pair is there, and those of which every pair is, by block of queries. */
function blocksOf(tree: MaskTree): { readonly some: Blocks; readonly every: Blocks } {
  const { rowStart, column, maskId } = planOf(tree);
  const start = new Uint32Array(rowStart.length);
  const full = column.filter((_, entry) => maskId[entry] === FULL_TILE);
  for (let row = 0; row + 1 < rowStart.length; row++) {
    let count = 0;
    for (let entry = rowStart[row] ?? 0; entry < (rowStart[row + 1] ?? 0); entry++)
      if (maskId[entry] === FULL_TILE) count++;
    start[row + 1] = (start[row] ?? 0) + count;
  }
  return { some: { start: rowStart, key: column }, every: { start, key: full } };
}

/** The same blocks, as rows that share what they have alike. */
function sharedBlocks({ start, key }: Blocks, checkpoint?: () => void): SharedRows {
  const read = (block: number): readonly number[] => {
    const runs: number[] = [];
    for (let at = start[block] ?? 0; at < (start[block + 1] ?? 0); at++) addRun(runs, key[at] ?? 0, (key[at] ?? 0) + 1);
    return runs;
  };
  return sharedRows(start.length - 1, read, checkpoint);
}

/** Does every position see itself? */
function seesItself({ start, key }: Blocks): boolean {
  for (let query = 0; query + 1 < start.length; query++)
    if (!key.subarray(start[query] ?? 0, start[query + 1] ?? 0).includes(query)) return false;
  return true;
}
