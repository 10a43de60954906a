import { recognise } from '../analyse/recognise.ts';
import { bindPattern } from '../pattern/bind.ts';
import type { Pattern } from '../pattern/ir.ts';
import { hasCondition } from '../pattern/reads.ts';
import type { Shape } from '../pattern/shape.ts';
import { ratio } from './count.ts';
import { buildMaskTree, type CompileOptions, type MaskTree } from './mask-tree.ts';
import { planOf } from './plan.ts';
import { compileParts } from './reorder.ts';
import type { TilePlan } from './tile-plan.ts';

/** Lists of tiles that are not worth another look. */
const SHORT_LIST = 256;
/** Share of its tiles that a mask fills at the most for another order to be looked for. */
const SCATTERED = 1 / 4;
/** Squares that are looked at to find out what a condition is. */
const RECOGNISED_NODES = 2 ** 18;

/**
 * Plans of disjoint parts of a pattern, as `compileParts` makes them. Primitives propose the orders of tokens; a condition
 * has none to propose, but it may be a design that has. Throws PatternError and CompileError.
 */
export function compilePatternParts(pattern: Pattern, shape: Shape, options: CompileOptions = {}): readonly TilePlan[] {
  const mask = bindPattern(pattern, shape);
  if (!hasCondition(pattern)) return compileParts(mask, shape, options);
  const tree = buildMaskTree(mask, shape, options);
  if (!isScattered(tree)) return [planOf(tree)];
  const { checkpoint } = options;
  const found = recognise(mask, shape, { pattern }, { maxNodes: RECOGNISED_NODES, ...(checkpoint && { checkpoint }) });
  // The design holds exactly the pairs of the mask at this shape, which is the one that is compiled.
  return compileParts(found === undefined ? mask : bindPattern(found.pattern, shape), shape, options);
}

function isScattered({ root, tile }: MaskTree): boolean {
  if (root === null) return false;
  const tiles = root.fullTiles + root.partialTiles;
  return tiles > SHORT_LIST && ratio(root.pairs, tiles * tile.queries * tile.keys) <= SCATTERED;
}
