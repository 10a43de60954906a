import { buildMaskTree, CompileError, type CompileOptions } from '../compile/mask-tree.ts';
import { union } from '../pattern/algebra.ts';
import { Progression } from '../pattern/difference-mask.ts';
import type { Pattern } from '../pattern/ir.ts';
import type { Mask } from '../pattern/mask.ts';
import { gridShape, type Shape } from '../pattern/shape.ts';
import { transposedMask } from '../pattern/transposed-mask.ts';
import { isContained } from './compare.ts';
import { BlockSample, blockSize } from './recognise/block-sample.ts';
import { Cover } from './recognise/cover.ts';
import { patternOf, textOf } from './recognise/expression.ts';
import { nameOf } from './recognise/families.ts';
import { expressionOf, type Part, type Whole } from './recognise/parts.ts';
import { proposeBlocks } from './recognise/propose-blocks.ts';
import { proposeConditions } from './recognise/propose-conditions.ts';
import { bandOf, proposeDistances } from './recognise/propose-distances.ts';
import { type DrawHints, drawHints, proposeDraws } from './recognise/propose-draws.ts';
import { proposeGrids } from './recognise/propose-grids.ts';
import { proposeLines, wholeLines } from './recognise/propose-lines.ts';
import { longNet, proposeSegments } from './recognise/propose-segments.ts';
import { TreeLines } from './recognise/tree-lines.ts';
import { View } from './recognise/view.ts';

const PAST: Mask = new Progression(0, Number.POSITIVE_INFINITY);

/** Squares that are looked at in one compilation: a mask that needs more has no design. */
const MAX_NODES = 2 ** 20;

/** A mask by the name of its design. */
export interface Recognised {
  /** `Longformer`, `Sliding window`, `BigBird`... */
  readonly family: string;
  /** What is called: `longformer` of the library; a primitive; `composition` for several primitives. */
  readonly name: string;
  /** In the order of the title: `{ window: 512, global: '[0]' }`. */
  readonly parameters: Readonly<Record<string, number | string>>;
  /** Where the library has it (`sparse:longformer`); undefined for primitives, which need no import. */
  readonly module: string | undefined;
  /** As a file would write it: `longformer(512)`. */
  readonly text: string;
  /** `Longformer (window 512, global [0])`. */
  readonly title: string;
  /** What `text` means, for a look at other lengths, layers and heads: it was verified at this shape only. */
  readonly pattern: Pattern;
}

/** What is known about a mask besides its pairs. */
export interface Hints {
  /** Where the mask came from: seeds of random parts are looked for in it. */
  readonly pattern?: Pattern;
}

/**
 * `recognise(mask, shape, hints?)`: which published design a mask is, by its pairs and not by how it was written.
 *
 * Candidates are read off some rows and columns of the compiled mask and accepted only when, compiled themselves, they
 * hold exactly the same pairs; so an answer is never wrong at this shape. At another length, layer or head it may be:
 * compare `pattern` with the source there before replacing one by the other.
 *
 * The whole square of `shape.tokens` positions counts, also where a shape has fewer queries. Undefined when no design
 * fits, or when the mask is too large or irregular to know.
 */
export function recognise(
  mask: Mask,
  shape: Shape,
  hints: Hints = {},
  options: CompileOptions = {},
): Recognised | undefined {
  const whole = partsOf(mask, shape, hints, options);
  if (whole === undefined) return undefined;
  const { family, parameters, expression } = nameOf(whole, shape);
  const shown = Object.entries(parameters).map(([name, value]) => `${name} ${value}`);
  const isNamed = expression.kind === 'call' || expression.kind === 'library';
  return {
    family,
    name: isNamed ? expression.name : 'composition',
    parameters,
    module: expression.kind === 'library' ? expression.module : undefined,
    text: textOf(expression),
    title: shown.length === 0 ? family : `${family} (${shown.join(', ')})`,
    pattern: patternOf(expression),
  };
}

/** What `recognise` names: the parts whose union is exactly the mask, on the whole square of `shape.tokens` positions. */
export function partsOf(mask: Mask, shape: Shape, hints: Hints = {}, options: CompileOptions = {}): Whole | undefined {
  const square: Shape = { ...shape, queries: shape.tokens, offset: 0 };
  const draws = drawHints(hints.pattern, square);
  const limits = { maxNodes: MAX_NODES, ...options };
  try {
    return explain({ mask, shape: square, hints: draws, options: limits, without: new Set() });
  } catch (error) {
    if (error instanceof CompileError) return undefined;
    throw error;
  }
}

/** Where a mask and its shape are looked at: the sequence, or a grid of blocks over it. */
interface Place {
  readonly mask: Mask;
  readonly shape: Shape;
  readonly hints: DrawHints;
  readonly options: CompileOptions;
  /** What was tried on the way here, and is not tried again. */
  readonly without: ReadonlySet<'blocks' | 'mirror'>;
}

/** The parts that a square mask is the union of. */
function explain({ mask, shape, hints, options, without }: Place): Whole | undefined {
  const n = shape.tokens;
  const tree = buildMaskTree(mask, shape, options);
  if (tree.root === null) return { parts: [], causal: false, n };
  if (tree.root.pairs === n * n) return { parts: [{ kind: 'band', before: n, after: n }], causal: false, n };
  const past = buildMaskTree(PAST, shape, options);
  const causal = isContained(tree, past);
  if (causal && tree.root.pairs === past.root?.pairs)
    return { parts: [{ kind: 'band', before: n, after: 0 }], causal, n };
  const view = new View(tree, causal);
  const cover = new Cover(tree, shape, causal, options);
  const parts = [...proposals(view)];
  const single = cover.single(parts);
  if (single !== undefined && single.parts[0]?.kind !== 'diagonals') return single;
  cover.offer(parts.filter(part => single === undefined || part.kind !== 'diagonals'));
  const several = cover.whole();
  // A list of distances says everything, and nothing about why.
  if (single !== undefined) return several === undefined || isShorter(single, several) ? single : several;
  if (several !== undefined) return several;
  // LongNet is a union whose branches hide each other.
  for (const part of parts) {
    const whole = part.kind === 'block' && !causal ? longNet(part.size, shape) : undefined;
    if (whole !== undefined && cover.isWhole(whole)) return whole;
  }
  const known = cover.union === undefined ? undefined : new TreeLines(cover.union);
  cover.offer(proposeDraws(view, known, shape, hints));
  if (cover.isComplete) return cover.whole();
  const grids = proposeGrids(view);
  const onGrid = cover.single(grids);
  const inBlocks = without.has('blocks') ? undefined : blocks({ mask, shape, hints, options, without }, view);
  // Blocks of a sequence are plainer than a grid, but not blocks that form a grid again.
  const isPlain = inBlocks?.parts.every(
    part => part.kind !== 'blocked' || !part.of.parts.some(each => 'extents' in each),
  );
  if (inBlocks !== undefined && (isPlain || onGrid === undefined) && cover.isWhole(inBlocks)) return inBlocks;
  if (onGrid !== undefined) return onGrid;
  cover.offer(grids);
  if (cover.isComplete) return cover.whole();
  if (!causal || without.has('mirror')) return undefined;
  // What was cut to the past may be plainer with its future.
  const whole = explain({
    mask: union(mask, transposedMask(mask, n)),
    shape,
    hints,
    options,
    without: new Set([...without, 'mirror']),
  });
  const cut = whole && { ...whole, causal };
  return cut !== undefined && cover.isWhole(cut) ? cut : undefined;
}

/** The mask as one of blocks. */
function blocks({ mask, shape, hints, options, without }: Place, view: View): Whole | undefined {
  const size = blockSize(view);
  if (size === undefined) return undefined;
  const of = explain({
    mask: new BlockSample(mask, size, shape.tokens, view.causal),
    shape: gridShape(shape, size),
    hints,
    options,
    without: new Set([...without, 'blocks']),
  });
  if (of === undefined) return undefined;
  // On the grid, too, what lies in the past is cut by the whole.
  return { parts: [{ kind: 'blocked', size, of }], causal: view.causal, n: shape.tokens };
}

function isShorter(a: Whole, b: Whole): boolean {
  return textOf(expressionOf(a)).length < textOf(expressionOf(b)).length;
}

/** Parts as they are found, the plainest first. */
function* proposals(view: View): Iterable<Part> {
  const band = bandOf(view);
  const isWide = band !== undefined && band.before + band.after > 0;
  if (isWide) yield { kind: 'band', ...band };
  const lines = wholeLines(view, band?.before ?? 0, band?.after ?? 0);
  yield* proposeLines(lines);
  yield* proposeDistances(view, lines.columns, band);
  yield* proposeBlocks(view, lines.columns);
  yield* proposeSegments(view);
  yield* proposeConditions(view, lines.columns);
  if (band !== undefined && !isWide) yield { kind: 'band', ...band };
}
