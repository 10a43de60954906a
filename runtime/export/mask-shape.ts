import { MAX_MASK_PAIRS } from '../pattern/mask-bits.ts';
import { TensorFileError } from '../tensor/dtype.ts';

/**
 * Heads (null: one mask for all) and tokens of an array that is to be a mask: [tokens, tokens], or
 * [heads, tokens, tokens] where `mostAxes` is 3.
 *
 * @throws TensorFileError for any other shape, and above MAX_MASK_PAIRS
 */
export function checkMaskShape(
  shape: readonly number[],
  mostAxes: 2 | 3,
): { readonly heads: number | null; readonly tokens: number } {
  const written = shape.length <= 8 ? `[${shape.join(', ')}]` : `of ${shape.length} axes`;
  const [rows = 0, columns = 0] = shape.slice(-2);
  const heads = shape.length === 3 ? (shape[0] ?? 0) : null;
  if (shape.length < 2 || shape.length > mostAxes || rows !== columns)
    throw new TensorFileError(`Its array is ${written}; a mask is [n, n]${mostAxes === 3 ? ' or [heads, n, n]' : ''}.`);
  if (rows === 0 || heads === 0) throw new TensorFileError(`Its array is ${written}, which is empty.`);
  if ((heads ?? 1) * rows * columns > MAX_MASK_PAIRS)
    throw new TensorFileError(
      `Its array is ${written}; a mask file may hold at most ${MAX_MASK_PAIRS} pairs, as 16,384 tokens have.`,
    );
  return { heads, tokens: rows };
}
