import { buildMaskTree, CompileError, type CompileOptions } from '../compile/mask-tree.ts';
import { difference, unionTerms } from '../pattern/algebra.ts';
import { Progression } from '../pattern/difference-mask.ts';
import type { Mask } from '../pattern/mask.ts';
import type { Shape } from '../pattern/shape.ts';
import { transposedMask } from '../pattern/transposed-mask.ts';
import { lastRows } from './key-lifetime.ts';
import { isListed, rowReader } from './row-reader.ts';
import { Unmet } from './unmet.ts';

/** Isolated positions that are named. */
const TOLD_POSITIONS = 8;
/** Squares of a mask up to which its tree is looked at; rows are read one by one beyond. */
const MOST_NODES = 2 ** 17;

const SELF: Mask = new Progression(0, 0);

/** Positions that attend to nobody but themselves and to which nobody else attends. */
export interface Isolated {
  readonly count: number;
  readonly first: readonly number[];
}

/** The isolated positions of a mask of a square shape. Throws CompileError. */
export function isolatedOf(mask: Mask, shape: Shape, options: CompileOptions = {}): Isolated {
  if (isListed(mask)) return byRows(mask, shape.tokens, options);
  try {
    return byTrees(mask, shape, { ...options, maxNodes: Math.min(MOST_NODES, options.maxNodes ?? MOST_NODES) });
  } catch (error) {
    if (!(error instanceof CompileError)) throw error;
    return byRows(mask, shape.tokens, options);
  }
}

function byTrees(mask: Mask, shape: Shape, options: CompileOptions): Isolated {
  const others = difference(mask, SELF);
  const seen = lastRows(buildMaskTree(others, shape, options));
  // A sequence in which everybody is seen has nobody to look for.
  if (!seen.includes(-1)) return { count: 0, first: [] };
  const sees = lastRows(buildMaskTree(transposedMask(others, shape.tokens), shape, options));
  return told(shape.tokens, position => seen[position] === -1 && sees[position] === -1);
}

function byRows(mask: Mask, tokens: number, options: CompileOptions): Isolated {
  const sees = new Uint8Array(tokens);
  // A part whose pairs are listed is quickly asked, and nobody is isolated who sees another one in any part.
  for (const term of [...unionTerms(mask)].sort((a, b) => Number(isListed(b)) - Number(isListed(a)))) {
    if (!sees.includes(0)) return { count: 0, first: [] };
    const read = rowReader(term, tokens, options);
    for (let query = 0; query < tokens; query++) {
      if ((query & 0xff) === 0) options.checkpoint?.();
      if (sees[query] === 0 && seesOthers(read(query), query)) sees[query] = 1;
    }
  }
  const read = rowReader(mask, tokens, options);
  const unseen = new Unmet(tokens);
  for (let query = 0; query < tokens && unseen.left > 0; query++) {
    if ((query & 0xff) === 0) options.checkpoint?.();
    if (sees[query] === 0) continue;
    const runs = read(query);
    for (let at = 0; at < runs.length; at += 2) {
      const [from, to] = [runs[at] ?? 0, runs[at + 1] ?? 0];
      unseen.meet(from, Math.min(to, query));
      unseen.meet(Math.max(from, query + 1), to);
    }
  }
  return told(tokens, position => !unseen.isMet(position) && sees[position] === 0);
}

function seesOthers(runs: readonly number[], query: number): boolean {
  return runs.length > 2 || (runs.length === 2 && (runs[0] !== query || runs[1] !== query + 1));
}

function told(tokens: number, isIsolated: (position: number) => boolean): Isolated {
  const first: number[] = [];
  let count = 0;
  for (let position = 0; position < tokens; position++)
    if (isIsolated(position) && count++ < TOLD_POSITIONS) first.push(position);
  return { count, first };
}
