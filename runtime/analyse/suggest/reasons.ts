import type { CurveShape } from '../quality/curve.ts';
import type { Whereabouts } from './row-sample.ts';

/** What reasons compare. */
interface Told {
  readonly family: string;
  readonly expression: string | null;
  readonly isDynamic: boolean;
  readonly density: number;
  readonly recall: number;
}

const FIRST_TOKENS = 4;
const FAR = 64;
const SHOWN = 2;

/** Why a pattern was chosen: what it keeps, where the probability is, and what comes next. */
export function reasonsFor(
  best: Told,
  alternatives: readonly Told[],
  where: Whereabouts,
  shape: CurveShape,
  rows: number,
): string[] {
  const reasons = [
    `It keeps ${percent(best.recall)} of ${shape.baseline} attention's probability with ${percent(best.density)} of all pairs: ${best.family}.`,
  ];
  const half = distanceOf(where, shape, rows, 0.5);
  const most = distanceOf(where, shape, rows, 0.9);
  reasons.push(
    `Half of the probability is on keys at a distance of at most ${half}, 90 % at a distance of at most ${most}.`,
  );
  const first = firstTokens(where);
  if (shape.keys > 2 * FAR)
    reasons.push(`The first ${FIRST_TOKENS} keys hold ${percent(first / rows)} from a distance of ${FAR} or more.`);
  if (best.isDynamic)
    reasons.push(
      'It chooses keys by content: choosing takes time of its own, and the density is that of these tensors.',
    );
  for (const other of alternatives.slice(0, SHOWN))
    reasons.push(
      `At the same budget ${other.expression ?? other.family} keeps ${percent(other.recall)}${other.expression === null ? '' : ` (${other.family})`}.`,
    );
  return reasons;
}

/** The distance within which a share of the probability is. */
function distanceOf({ distances }: Whereabouts, { keys }: CurveShape, rows: number, share: number): number {
  let sum = 0;
  for (let distance = 0; distance < keys; distance++) {
    sum += Number(distances[keys - 1 + distance]);
    if (distance > 0) sum += Number(distances[keys - 1 - distance]);
    if (sum >= share * rows) return distance;
  }
  return keys - 1;
}

/** Probability of the first tokens from queries that are far from them. */
function firstTokens({ columns }: Whereabouts): number {
  let sum = 0;
  for (const column of columns.slice(Math.log2(FAR) + 1))
    for (let key = 0; key < FIRST_TOKENS; key++) sum += Number(column[key] ?? 0);
  return sum;
}

function percent(share: number): string {
  return `${Number((100 * share).toPrecision(share >= 0.1 ? 3 : 2))} %`;
}
