import type { Pair } from '../analyse/find-pair.ts';

/** Why a format cannot hold a mask exactly. */
export interface Misfit {
  /** For people: what the format takes, and what the mask has instead. */
  readonly reason: string;
  /** A pair that shows it; absent where lengths or heads are at fault. */
  readonly pair?: Pair;
  /** Can whole blocks be allowed instead? */
  readonly roundable: boolean;
}

/** A reason with the pair that shows it. */
export function misfitText({ reason, pair }: Pick<Misfit, 'reason'> & { readonly pair?: Pair | undefined }): string {
  return pair === undefined ? reason : `${reason} (query ${pair.query}, key ${pair.key})`;
}

/** A mask that a format cannot hold; the message names the reason, a pair, and formats that can. */
export class ExportFitError extends Error {
  override readonly name = 'ExportFitError';
  readonly pair: Pair | undefined;

  constructor(id: string, { reason, pair, roundable }: Misfit, others: readonly string[]) {
    const rounding = roundable
      ? ' Rounded up to whole blocks (--approximate; in the library approximate: true) it can.'
      : '';
    super(
      `${id} cannot hold this mask exactly: ${misfitText({ reason, pair })}.${rounding} These formats can: ${others.join(', ')}.`,
    );
    this.pair = pair;
  }
}
