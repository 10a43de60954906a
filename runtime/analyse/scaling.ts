import type { Count } from '../compile/count.ts';
import { times } from '../compile/count.ts';
import { buildMaskTree, CompileError, type CompileOptions } from '../compile/mask-tree.ts';
import { bindPattern } from '../pattern/bind.ts';
import type { Pattern } from '../pattern/ir.ts';
import { PatternError } from '../pattern/primitive.ts';
import type { Shape } from '../pattern/shape.ts';

/** Pairs of a pattern and of parts of it at one length. */
export interface PairsAtLength {
  /** Keys of the sequence. */
  readonly tokens: number;
  /** Of full attention. */
  readonly full: Count;
  readonly whole: Count;
  /** Of each part, as they were given. */
  readonly parts: readonly Count[];
}

/**
 * Counts a pattern and its parts at several lengths, exactly. Lengths at which the pattern has no meaning are left out, and
 * so are all after the first one that is too large or irregular to count within `options.maxNodes`.
 *
 * @param at what is counted at a length: its shape, the pattern, and its parts, always as many. May throw PatternError
 * @param lengths smallest first
 */
export function pairsByLength(
  at: (tokens: number) => { readonly shape: Shape; readonly whole: Pattern; readonly parts: readonly Pattern[] },
  lengths: readonly number[],
  options: CompileOptions = {},
): readonly PairsAtLength[] {
  const counted: PairsAtLength[] = [];
  for (const tokens of lengths) {
    try {
      const { shape, whole, parts } = at(tokens);
      const pairs = (pattern: Pattern): Count =>
        buildMaskTree(bindPattern(pattern, shape), shape, options).root?.pairs ?? 0;
      counted.push({
        tokens: shape.tokens,
        full: times(shape.queries, shape.tokens),
        whole: pairs(whole),
        parts: parts.map(pairs),
      });
    } catch (error) {
      if (error instanceof CompileError) break;
      if (!(error instanceof PatternError)) throw error;
    }
  }
  return counted;
}
