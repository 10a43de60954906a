import { buildMaskTree, CompileError, type CompileOptions, type MaskTree } from '../compile/mask-tree.ts';
import { Progression } from '../pattern/difference-mask.ts';
import type { Pattern } from '../pattern/ir.ts';
import type { Mask } from '../pattern/mask.ts';
import type { Shape } from '../pattern/shape.ts';
import { isContained } from './compare.ts';
import { Cover } from './recognise/cover.ts';
import { patternOf, textOf } from './recognise/expression.ts';
import { nameOf } from './recognise/families.ts';
import { expressionOf, type Part, type Whole } from './recognise/parts.ts';
import { proposeBlocks } from './recognise/propose-blocks.ts';
import { bandOf, proposeDistances } from './recognise/propose-distances.ts';
import { proposeLines, wholeLines } from './recognise/propose-lines.ts';
import { View } from './recognise/view.ts';

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
  const square: Shape = { ...shape, queries: shape.tokens, offset: 0 };
  let whole: Whole | undefined;
  try {
    whole = explain(buildMaskTree(mask, square, options), square, hints, options);
  } catch (error) {
    if (error instanceof CompileError) return undefined;
    throw error;
  }
  if (whole === undefined) return undefined;
  const { family, parameters, expression } = nameOf(whole);
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

/** The parts that a compiled square mask is the union of. */
function explain(tree: MaskTree, shape: Shape, _hints: Hints, options: CompileOptions): Whole | undefined {
  const n = shape.tokens;
  if (tree.root === null) return { parts: [], causal: false, n };
  if (tree.root.pairs === n * n) return { parts: [{ kind: 'band', before: n, after: n }], causal: false, n };
  const past = buildMaskTree(new Progression(0, Number.POSITIVE_INFINITY), shape, options);
  const causal = isContained(tree, past);
  if (causal && tree.root.pairs === past.root?.pairs)
    return { parts: [{ kind: 'band', before: n, after: 0 }], causal, n };
  const cover = new Cover(tree, shape, causal, options);
  const parts = [...proposals(new View(tree, causal))];
  const single = cover.single(parts);
  if (single !== undefined && single.parts[0]?.kind !== 'diagonals') return single;
  cover.offer(parts.filter(part => single === undefined || part.kind !== 'diagonals'));
  const several = cover.whole();
  // A list of distances says everything, and nothing about why.
  return several === undefined || (single !== undefined && isShorter(single, several)) ? single : several;
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
  if (band !== undefined && !isWide) yield { kind: 'band', ...band };
}
