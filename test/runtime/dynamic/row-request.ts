import { compilePlan } from '../../../runtime/compile/plan.ts';
import { type ChosenRows, keySetsOf } from '../../../runtime/dynamic/rows/chosen-rows.ts';
import type { RowRequest, RowRule } from '../../../runtime/dynamic/rows/row-rule.ts';
import { bindPattern } from '../../../runtime/pattern/bind.ts';
import { createLanguage, NO_FILES } from '../../../server/language.ts';
import { coarse, input, type SelectionShape } from './select.ts';

const language = createLanguage(NO_FILES);

interface RequestShape extends SelectionShape {
  readonly within?: string;
  readonly seed?: number;
  readonly ties?: boolean;
}

/** Made-up queries and keys to choose among. */
export async function rowRequest(
  rule: RowRule,
  shape: RequestShape,
): Promise<RowRequest & { readonly q: Float32Array; readonly k: Float32Array }> {
  const { within = 'full()', seed = 0, ties = false, ...sizes } = shape;
  const problem = ties ? coarse(input(sizes, seed)) : input(sizes, seed);
  const { q, k, headDim, keys, queries } = problem;
  const { rules } = await language.lowerExpression(within, 'memory:/within.sparse');
  const at = { tokens: keys, queries, offset: keys - queries, head: 0, heads: 1, layer: 0, layers: 1 };
  return { rule, q, k, headDim, candidates: compilePlan(bindPattern(rules[0]!.pattern, at), at) };
}

/** The keys of each row as text that can be compared. */
export function rowsOf(chosen: ChosenRows, tokens: number): string[] {
  const words = Array.from({ length: Math.ceil(tokens / 32) }, (_, word) => 32 * word);
  return keySetsOf(chosen, tokens).map(set => words.map(at => (set.word(at) >>> 0).toString(16)).join());
}
