import { sampleInput } from '../../attention/sample-data.ts';
import { compilePlan } from '../../compile/plan.ts';
import { bindPattern } from '../../pattern/bind.ts';
import { squareShape } from '../../pattern/shape.ts';
import { keysOf } from '../rows/chosen-rows.ts';
import { PlainRows } from '../rows/plain-rows.ts';
import { CANDIDATE_TILE, type RowRequest, type RowRule } from '../rows/row-rule.ts';
import type { Searched } from './search.ts';

/** Awkward sizes: more than one tile, none of them whole. */
const QUERIES = 75;
const KEYS = 141;
const DIM = 21;
const RULES: readonly RowRule[] = [
  { kind: 'largest', keys: 9 },
  { kind: 'mass', mass: 0.8, scale: 1 },
];

/**
 * Chooses a few keys of a few queries by each rule, and compares with what is chosen in float64, one row after the other.
 *
 * @throws Error when a row has other keys
 */
export async function checkChoice(choose: (request: RowRequest) => Promise<Searched>): Promise<void> {
  for (const rule of RULES) {
    const request = sampleRequest(rule);
    const { chosen, left } = await choose(request);
    const others = new Set(left);
    const rows = Array.from({ length: QUERIES }, (_, row) => row).filter(row => !others.has(row));
    const found = keysOf(chosen, KEYS);
    const plain = new PlainRows(request);
    const wrong = rows.find((row, index) => plain.choose(row).join() !== found[index]?.join());
    if (wrong !== undefined || found.length !== rows.length)
      throw new Error(`it chooses wrong keys (of query ${wrong ?? QUERIES} in a small test)`);
  }
}

function sampleRequest(rule: RowRule): RowRequest {
  const { q, k } = sampleInput({ heads: 1, kvHeads: 1, queries: QUERIES, keys: KEYS, headDim: DIM }, 3);
  // Twins, of which the first is to be taken.
  k.copyWithin(40 * DIM, 0, 20 * DIM);
  const shape = { ...squareShape(KEYS), queries: QUERIES, offset: KEYS - QUERIES };
  const causal = bindPattern({ kind: 'primitive', name: 'causal', args: {} }, shape);
  return { rule, q, k, headDim: DIM, candidates: compilePlan(causal, shape, { tile: CANDIDATE_TILE }) };
}
