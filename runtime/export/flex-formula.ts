import { type Intervals, rangesOf } from '../analyse/recognise/intervals.ts';
import type { Part, Whole } from '../analyse/recognise/parts.ts';

/** More ranges or offsets than this are looked up faster than they are compared. */
const MANY = 8;

/**
 * A mask as a Python expression of the positions `i` of the query and `j` of the key, which may be tensors; undefined where
 * its parts have no short one.
 */
export function formulaOf(whole: Whole, i = 'i', j = 'j'): string | undefined {
  const terms: string[] = [];
  for (const part of whole.parts) {
    const term = termOf(part, whole.n, i, j);
    if (term === undefined) return undefined;
    terms.push(term);
  }
  // Nothing is a comparison too: an expression of tensors is one.
  const union = terms.length === 0 ? `(${j} < 0)` : any(terms);
  return whole.causal ? all([union, `(${j} <= ${i})`]) : union;
}

function termOf(part: Part, n: number, i: string, j: string): string | undefined {
  switch (part.kind) {
    case 'band':
      return band(part.before, part.after, n, i, j);
    case 'dilated': {
      const { before, after, dilation } = part;
      const near = band(before * dilation, after * dilation, n, i, j);
      return all([`(${i} % ${dilation} == ${j} % ${dilation})`, near]);
    }
    case 'strided':
      return `((${i} - ${j}) % ${part.stride} == ${part.offset})`;
    case 'diagonals':
      return part.offsets.length > MANY
        ? undefined
        : any(part.offsets.map(offset => (offset < 0 ? `(${j} - ${i} == ${-offset})` : `(${i} - ${j} == ${offset})`)));
    case 'rows':
      return within(part.tokens, i);
    case 'columns':
      return within(part.tokens, j);
    case 'global': {
      const [rows, columns] = [within(part.tokens, i), within(part.tokens, j)];
      return rows && columns && any([rows, columns]);
    }
    case 'fixed':
      return `(${j} % ${part.stride} >= ${part.stride - part.columns})`;
    case 'stripes':
      return all([`(${j} % ${part.stride} >= ${part.from})`, `(${j} % ${part.stride} < ${part.to})`]);
    case 'block':
      return sameBlock(part.size, i, j);
    case 'residues': {
      const { size, ratio, residue } = part;
      return all([sameBlock(size, i, j), `(${i} % ${ratio} == ${residue})`, `(${j} % ${ratio} == ${residue})`]);
    }
    case 'blocked':
      return formulaOf(part.of, `(${i} // ${part.size})`, `(${j} // ${part.size})`);
    default:
      return undefined;
  }
}

function band(before: number, after: number, n: number, i: string, j: string): string {
  const bounds = [
    ...(before < n - 1 ? [after === 0 && before === 0 ? `(${i} <= ${j})` : `(${i} - ${j} <= ${before})`] : []),
    ...(after < n - 1 ? [after === 0 ? `(${j} <= ${i})` : `(${j} - ${i} <= ${after})`] : []),
  ];
  return bounds.length === 0 ? `(${j} >= 0)` : all(bounds);
}

function sameBlock(size: number, i: string, j: string): string {
  return `(${i} // ${size} == ${j} // ${size})`;
}

function within(tokens: Intervals, at: string): string | undefined {
  const ranges = rangesOf(tokens);
  if (ranges.length > MANY) return undefined;
  return any(
    ranges.map(([from, to]) =>
      to - from === 1
        ? `(${at} == ${from})`
        : from === 0
          ? `(${at} < ${to})`
          : all([`(${at} >= ${from})`, `(${at} < ${to})`]),
    ),
  );
}

function any(terms: readonly string[]): string {
  return terms.length === 1 ? String(terms[0]) : `(${terms.join(' | ')})`;
}

function all(terms: readonly string[]): string {
  return terms.length === 1 ? String(terms[0]) : `(${terms.join(' & ')})`;
}
