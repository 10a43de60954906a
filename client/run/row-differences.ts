import type { RunReport } from '../../runtime/attention/compare-with-full.ts';
import type { RowDifferences, TensorShape } from './run-request.ts';

/** Stretches of the sequence that are told apart: about the pixels of a chart. */
const STRETCHES = 256;

/** Where along the sequence the output is how far from the reference, and from full attention. */
export function rowDifferences(
  { heads, queries, headDim }: Pick<TensorShape, 'heads' | 'queries' | 'headDim'>,
  { sparse, rowDifferences: checked, fullOutput }: Pick<RunReport, 'sparse' | 'rowDifferences' | 'fullOutput'>,
): RowDifferences {
  const largest = new Map<number, number>();
  const size = Math.ceil(queries / STRETCHES);
  for (const { row, difference } of checked) {
    // Of many checked rows the worst of each stretch is shown, where it is.
    const at = Math.floor(row / size);
    const known = largest.get(at);
    if (known === undefined || difference > known) largest.set(at, difference);
  }
  const reference = [...largest].sort(([a], [b]) => a - b).map(([at, difference]) => [at * size, difference] as const);
  if (fullOutput === null) return { reference, full: null };
  const full = new Float64Array(Math.ceil(queries / size));
  for (let head = 0; head < heads; head++)
    for (let row = 0; row < queries; row++) {
      const at = (head * queries + row) * headDim;
      let most = Number(full[Math.floor(row / size)]);
      for (let d = at; d < at + headDim; d++)
        most = Math.max(most, Math.abs(Number(sparse.o[d]) - Number(fullOutput[d])));
      full[Math.floor(row / size)] = most;
    }
  return { reference, full: Array.from(full, (difference, at) => [at * size, difference] as const) };
}
