import { KEY, QUERY, remainder } from './condition.ts';
import { halvesCondition, placesCondition, restartsCondition } from './design-conditions.ts';
import { anyOf, by, call, causally, type Expression, list, named, one, perAxis, where } from './expression.ts';
import type { Intervals } from './intervals.ts';

/** One building block that a mask is explained by. Lengths are those of the sequence, or of the grid of blocks. */
export type Part =
  /** `-after <= i - j <= before`. */
  | { readonly kind: 'band'; readonly before: number; readonly after: number }
  /** The same in steps: `before` and `after` count keys. */
  | { readonly kind: 'dilated'; readonly before: number; readonly after: number; readonly dilation: number }
  | { readonly kind: 'strided'; readonly stride: number; readonly offset: number }
  /** `limit` is absent where it is the length. */
  /** Distances from `offset` to `last` in steps of `stride`; 0 is none of them. */
  | { readonly kind: 'stepped'; readonly last: number; readonly stride: number; readonly offset: number }
  | { readonly kind: 'exponential'; readonly base: number; readonly limit: number | undefined }
  | { readonly kind: 'diagonals'; readonly offsets: readonly number[] }
  | { readonly kind: 'rows'; readonly tokens: Intervals }
  | { readonly kind: 'columns'; readonly tokens: Intervals }
  | { readonly kind: 'global'; readonly tokens: Intervals }
  | { readonly kind: 'fixed'; readonly stride: number; readonly columns: number }
  /** Columns with `from <= j % stride < to`. */
  | { readonly kind: 'stripes'; readonly stride: number; readonly from: number; readonly to: number }
  | { readonly kind: 'block'; readonly size: number }
  /** Queries and keys of one residue modulo `ratio` that share a block of `size`. */
  | { readonly kind: 'residues'; readonly size: number; readonly ratio: number; readonly residue: number }
  | { readonly kind: 'documents'; readonly lengths: readonly number[] }
  | { readonly kind: 'axial'; readonly extents: readonly number[]; readonly axis: number | undefined }
  | {
      readonly kind: 'tiles';
      readonly extents: readonly number[];
      readonly sides: readonly number[];
      readonly shifts: readonly number[];
    }
  | {
      readonly kind: 'neighborhood';
      readonly extents: readonly number[];
      readonly kernels: readonly number[];
      readonly dilations: readonly number[];
      readonly strides: readonly number[];
      readonly causal: readonly boolean[];
    }
  /** `(i - j) % stretch` is less than `near`, or near - 1 and a power of two; in the past. */
  | { readonly kind: 'restarts'; readonly stretch: number; readonly near: number }
  /** Block diffusion: noised blocks of `size` before position `half`, clean ones from there. */
  | { readonly kind: 'halves'; readonly size: number; readonly half: number }
  /** Places in frames of one length, less than `near` apart; frames are counted from `offset`. */
  | { readonly kind: 'places'; readonly offset: number; readonly frame: number; readonly near: number }
  | { readonly kind: 'random'; readonly keys: number; readonly seed: number; readonly perHead: boolean }
  /** `of` on a grid of blocks. */
  | { readonly kind: 'blocked'; readonly size: number; readonly of: Whole };

/** A mask explained: the union of some parts, cut to the past where `causal` says so. */
export interface Whole {
  readonly parts: readonly Part[];
  readonly causal: boolean;
  /** Length of the sequence, or of the grid. */
  readonly n: number;
}

/** Does the part keep out of the future by itself? */
function isPast(part: Part): boolean {
  return part.kind === 'stepped' || ((part.kind === 'band' || part.kind === 'dilated') && part.after === 0);
}

/** A whole as an expression of primitives; parts that look ahead share one `& causal()`. */
export function expressionOf({ parts, causal, n }: Whole): Expression {
  if (!causal) return parts.length === 0 ? call('none') : anyOf(...parts.map(part => expressionOfPart(part, n)));
  const past = parts.filter(isPast).map(part => expressionOfPart(part, n));
  const cut = parts.filter(part => !isPast(part)).map(part => expressionOfPart(part, n));
  if (cut.length === 0) return past.length === 0 ? call('none') : anyOf(...past);
  return anyOf(...past, causally(anyOf(...cut)));
}

export function expressionOfPart(part: Part, n: number): Expression {
  switch (part.kind) {
    case 'band':
      return band(part.before, part.after, n);
    case 'dilated': {
      const { before, after, dilation } = part;
      return before === after
        ? call('window', by('size', 2 * before), named('dilation', dilation))
        : call('window', named('before', before), named('after', after), named('dilation', dilation));
    }
    case 'strided':
      return call('strided', by('stride', part.stride), ...(part.offset === 0 ? [] : [named('offset', part.offset)]));
    case 'exponential':
      return call(
        'exponential',
        ...(part.base === 2 ? [] : [named('base', part.base)]),
        ...(part.limit === undefined ? [] : [named('limit', part.limit)]),
      );
    case 'diagonals':
      return call('diagonals', by('offsets', list(part.offsets)));
    case 'rows':
    case 'columns':
    case 'global':
      return call(part.kind, by('tokens', { positions: part.tokens, of: n }));
    case 'fixed':
      return call('fixed', by('stride', part.stride), ...(part.columns === 1 ? [] : [named('columns', part.columns)]));
    case 'stepped':
      return {
        kind: 'both',
        left: call('sliding', by('size', part.last + 1)),
        right: call('strided', by('stride', part.stride), named('offset', part.offset)),
      };
    case 'stripes': {
      const { stride, from, to } = part;
      if (to - from === 1) return where(remainder(KEY, stride, '==', from));
      const conditions = [
        ...(from === 0 ? [] : [remainder(KEY, stride, '>=', from)]),
        ...(to === stride ? [] : [remainder(KEY, stride, '<', to)]),
      ];
      return where(...conditions);
    }
    case 'residues': {
      const { size, ratio, residue } = part;
      return {
        kind: 'both',
        left: call('block', by('size', size)),
        right: where(remainder(QUERY, ratio, '==', residue), remainder(KEY, ratio, '==', residue)),
      };
    }
    case 'block':
      return call('block', by('size', part.size));
    case 'documents':
      return call('documents', by('lengths', list(part.lengths)));
    case 'axial':
      return call(
        'axial',
        by('shape', list(part.extents)),
        ...(part.axis === undefined ? [] : [named('axis', part.axis)]),
      );
    case 'tiles':
      return call(
        'tiles',
        by('shape', list(part.extents)),
        by('tile', perAxis(part.sides)),
        ...(part.shifts.every(shift => shift === 0) ? [] : [named('shift', perAxis(part.shifts))]),
      );
    case 'neighborhood':
      return call(
        'neighborhood',
        by('shape', list(part.extents)),
        by('kernel', perAxis(part.kernels)),
        ...(part.dilations.every(each => each === 1) ? [] : [named('dilation', perAxis(part.dilations))]),
        ...(part.strides.every(each => each === 1) ? [] : [named('stride', perAxis(part.strides))]),
        ...(part.causal.some(Boolean) ? [named('causal', axesText(part.causal))] : []),
      );
    case 'restarts':
      return where(restartsCondition(part));
    case 'halves':
      return where(halvesCondition(part));
    case 'places':
      return where(placesCondition(part));
    case 'random':
      return call(
        'random',
        by('keys', part.keys),
        ...(part.seed === 0 ? [] : [named('seed', part.seed)]),
        ...(part.perHead ? [named('per_head', true)] : []),
      );
    case 'blocked':
      return call('blocked', by('size', part.size), by('p', expressionOf(part.of)));
  }
}

function axesText(causal: readonly boolean[]) {
  return causal.every(Boolean) ? one(1) : list(causal.map(Number));
}

function band(before: number, after: number, n: number): Expression {
  const [past, future] = [before >= n - 1, after >= n - 1];
  if (past && future) return call('full');
  if (past && after === 0) return call('causal');
  if (before === 0 && after === 0) return call('diagonal');
  if (after === 0) return call('sliding', by('size', before + 1));
  if (before === after) return call('window', by('size', 2 * before));
  return call('window', named('before', Math.min(before, n - 1)), named('after', Math.min(after, n - 1)));
}
