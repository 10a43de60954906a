import type { CurveShape } from '../quality/curve.ts';
import { anyOf, by, call, causally, type Expression, list, named } from '../recognise/expression.ts';
import { merged } from '../recognise/intervals.ts';
import type { Candidate, Family } from './candidate.ts';
import { classOf, type Whereabouts } from './row-sample.ts';

/** Keys of a row outside the window [low, high), which is there already; ranges do not overlap. */
type Extra = (
  position: number,
  limit: number,
  low: number,
  high: number,
  take: (from: number, to: number) => void,
) => void;

interface Beside {
  readonly expressions: readonly Expression[];
  /** Do the expressions, as they are written, have no later keys? */
  readonly isCausal: boolean;
  readonly keys: Extra;
}

const NOTHING: Beside = { expressions: [], isCausal: true, keys: () => {} };
const SINKS = [1, 4, 16, 64];
const LISTED = [4, 16, 64];
/** How far dilated windows reach, as shares of the sequence. */
const REACHES = [1 / 16, 1 / 8, 1 / 4];

/**
 * The families that are searched, those with fewer words first: windows, alone and with first tokens, strides, fixed columns,
 * powers of two and a dilated window; blocks; and where it is known where the probability is, lists of columns and diagonals.
 */
export function familiesFor(shape: CurveShape, where: Whereabouts | undefined): Family[] {
  const { keys } = shape;
  const strides = powersOfTwo(8, keys / 2);
  const families: Family[] = [windowWith('window', shape, () => NOTHING)];
  const sinks = SINKS.filter(count => count < keys / 4);
  for (const count of sinks)
    families.push(windowWith('window and first tokens', shape, () => firstTokens(count, keys)));
  for (const stride of strides) families.push(windowWith('window and stride', shape, () => strided(stride)));
  for (const stride of strides)
    families.push(windowWith('window and fixed columns', shape, () => fixedColumns(stride)));
  for (const stride of strides) {
    const both = joined(firstTokens(4, keys), keptFrom(4, strided(stride)));
    if (keys > 16) families.push(windowWith('window, first tokens and stride', shape, () => both));
  }
  families.push(windowWith('window and powers of two', shape, () => exponential(shape)));
  for (const reach of REACHES.map(share => Math.floor(keys * share)))
    for (const dilation of powersOfTwo(2, reach / 4)) {
      const beside = dilated(dilation, Math.floor(reach / dilation), shape);
      families.push(windowWith('window and dilated window', shape, () => beside));
    }
  for (const size of powersOfTwo(8, keys / 2)) {
    families.push(alone('blocks', shape, block(size)));
    families.push(windowWith('window and blocks', shape, () => block(size)));
    if (keys > 16)
      families.push(
        windowWith('window, first tokens and blocks', shape, () =>
          joined(firstTokens(4, keys), keptFrom(4, block(size))),
        ),
      );
  }
  if (shape.baseline === 'full')
    for (const count of sinks) families.push(windowWith('window and global tokens', shape, () => globals(count, keys)));
  if (where === undefined) return families;
  const ranking = new Ranking(where, shape);
  for (const count of LISTED.filter(each => each < keys / 4)) {
    const listed = (name: string, beside: (size: number) => Beside): void =>
      void families.push(windowWith(name, shape, beside, true));
    listed('window and columns', size => columns(ranking.columns(count, size), keys));
    listed('window and diagonals', size => diagonals(ranking.diagonals(count, size), []));
    listed('window, columns and diagonals', size => {
      const taken = ranking.columns(count, size);
      return joined(columns(taken, keys), diagonals(ranking.diagonals(count, size), taken));
    });
  }
  return families;
}

function powersOfTwo(from: number, to: number): number[] {
  const powers: number[] = [];
  for (let power = from; power <= to; power *= 2) powers.push(power);
  return powers;
}

/** A window of a growing size, `sliding(size)` against causal attention, and what is beside it. */
function windowWith(name: string, shape: CurveShape, beside: (size: number) => Beside, isListed = false): Family {
  const { baseline, keys } = shape;
  return {
    name,
    most: keys,
    isListed,
    make(size) {
      const extra = beside(size);
      const causal = baseline === 'causal';
      // Sizes of windows on both sides count one side with the query itself.
      const window = causal ? call('sliding', by('size', size)) : call('window', named('radius', size - 1));
      const all = anyOf(window, ...extra.expressions);
      return {
        expression: causal && !extra.isCausal ? causally(all) : all,
        keys(position, limit, take) {
          const low = Math.max(0, position - size + 1);
          const high = Math.min(limit, causal ? position + 1 : position + size);
          take(low, high);
          extra.keys(position, limit, low, high, take);
        },
      };
    },
  };
}

/** A pattern of one size only. */
function alone(name: string, { baseline }: CurveShape, { expressions, isCausal, keys }: Beside): Family {
  const all = anyOf(...expressions);
  const candidate: Candidate = {
    expression: baseline === 'causal' && !isCausal ? causally(all) : all,
    keys: (position, limit, take) => keys(position, limit, 0, 0, take),
  };
  return { name, most: 1, isListed: false, make: () => candidate };
}

/** Keys of [from, to) outside the window. */
function outside(from: number, to: number, low: number, high: number, take: (from: number, to: number) => void): void {
  if (from < Math.min(to, low)) take(from, Math.min(to, low));
  if (Math.max(from, high) < to) take(Math.max(from, high), to);
}

function joined(a: Beside, b: Beside): Beside {
  return {
    expressions: [...a.expressions, ...b.expressions],
    isCausal: a.isCausal && b.isCausal,
    keys(position, limit, low, high, take) {
      a.keys(position, limit, low, high, take);
      b.keys(position, limit, low, high, take);
    },
  };
}

/** The same without the keys before `first`, which another one has. */
function keptFrom(first: number, { expressions, isCausal, keys }: Beside): Beside {
  return {
    ...{ expressions, isCausal },
    keys: (position, limit, low, high, take) =>
      keys(position, limit, low, high, (from, to) => {
        if (to > first) take(Math.max(from, first), to);
      }),
  };
}

function positions(from: number, to: number, of: number): Expression {
  return call('columns', by('tokens', { positions: [from, to], of }));
}

function firstTokens(count: number, keys: number): Beside {
  return {
    expressions: [positions(0, count, keys)],
    isCausal: false,
    keys: (_, limit, low, high, take) => outside(0, Math.min(count, limit), low, high, take),
  };
}

function globals(count: number, keys: number): Beside {
  return {
    expressions: [call('global', by('tokens', { positions: [0, count], of: keys }))],
    isCausal: false,
    keys: (position, limit, low, high, take) => outside(0, position < count ? limit : count, low, high, take),
  };
}

function strided(stride: number): Beside {
  return {
    expressions: [call('strided', by('stride', stride))],
    isCausal: false,
    keys(position, limit, low, high, take) {
      for (let key = position % stride; key < limit; key += stride) if (key < low || key >= high) take(key, key + 1);
    },
  };
}

function fixedColumns(stride: number): Beside {
  return {
    expressions: [call('fixed', by('stride', stride))],
    isCausal: false,
    keys(_, limit, low, high, take) {
      for (let key = stride - 1; key < limit; key += stride) if (key < low || key >= high) take(key, key + 1);
    },
  };
}

function columns(listed: readonly number[], of: number): Beside {
  if (listed.length === 0) return NOTHING;
  const tokens = merged(listed.map(key => [key, key + 1] as const));
  return {
    expressions: [call('columns', by('tokens', { positions: tokens, of }))],
    isCausal: false,
    keys(_, limit, low, high, take) {
      for (const key of listed) if (key < limit && (key < low || key >= high)) take(key, key + 1);
    },
  };
}

/** Keys at distances that are powers of two. */
function exponential({ baseline }: CurveShape): Beside {
  return {
    expressions: [call('exponential')],
    isCausal: false,
    keys(position, limit, low, high, take) {
      for (let distance = 1; distance < position + limit; distance *= 2) {
        for (const key of baseline === 'causal' ? [position - distance] : [position - distance, position + distance])
          if (key >= 0 && key < limit && (key < low || key >= high)) take(key, key + 1);
      }
    },
  };
}

/** Every `dilation`-th key, `count` of them before the query, and as many behind it where those are seen. */
function dilated(dilation: number, count: number, { baseline }: CurveShape): Beside {
  const causal = baseline === 'causal';
  const sides = causal ? [named('before', count), named('after', 0)] : [named('radius', count)];
  return {
    expressions: [call('window', ...sides, named('dilation', dilation))],
    isCausal: causal,
    keys(position, limit, low, high, take) {
      for (let step = 1; step <= count; step++) {
        for (const key of causal
          ? [position - step * dilation]
          : [position - step * dilation, position + step * dilation])
          if (key >= 0 && key < limit && (key < low || key >= high)) take(key, key + 1);
      }
    },
  };
}

/** Diagonals by distance; `taken` are columns that are there already. */
function diagonals(distances: readonly number[], taken: readonly number[]): Beside {
  if (distances.length === 0) return NOTHING;
  const there = new Set(taken);
  return {
    expressions: [call('diagonals', by('offsets', list([...distances].sort((a, b) => a - b))))],
    isCausal: distances.every(distance => distance >= 0),
    keys(position, limit, low, high, take) {
      for (const distance of distances) {
        const key = position - distance;
        if (key >= 0 && key < limit && (key < low || key >= high) && !there.has(key)) take(key, key + 1);
      }
    },
  };
}

/** The block of the query. */
function block(size: number): Beside {
  return {
    expressions: [call('block', by('size', size))],
    isCausal: false,
    keys(position, limit, low, high, take) {
      const first = position - (position % size);
      outside(first, Math.min(limit, first + size), low, high, take);
    },
  };
}

/** The columns and diagonals with most probability outside a window. */
class Ranking {
  readonly #where: Whereabouts;
  readonly #shape: CurveShape;
  readonly #byClass = new Map<number, readonly number[]>();
  #distances: readonly number[] | undefined;

  constructor(where: Whereabouts, shape: CurveShape) {
    this.#where = where;
    this.#shape = shape;
  }

  /** Columns, most first; those that hold most of the queries that are further away than the window's next power of two. */
  columns(count: number, size: number): readonly number[] {
    const least = classOf(size - 1) + 1;
    let ranked = this.#byClass.get(least);
    if (ranked === undefined) {
      const sums = new Float64Array(this.#shape.keys);
      for (const column of this.#where.columns.slice(least))
        for (let key = 0; key < sums.length; key++) sums[key] = Number(sums[key]) + Number(column[key]);
      ranked = rankedOf(sums);
      this.#byClass.set(least, ranked);
    }
    return ranked.slice(0, count);
  }

  /** Distances of diagonals outside the window, most first. */
  diagonals(count: number, size: number): readonly number[] {
    const { keys, baseline } = this.#shape;
    this.#distances ??= rankedOf(this.#where.distances).map(at => at - (keys - 1));
    const found: number[] = [];
    for (const distance of this.#distances) {
      if (found.length === count) break;
      if (Math.abs(distance) >= size && (baseline === 'full' || distance > 0)) found.push(distance);
    }
    return found;
  }
}

/** Places of what is more than nothing, most first, of equal ones the earlier. */
function rankedOf(sums: Float64Array): number[] {
  const places: number[] = [];
  sums.forEach((sum, place) => {
    if (sum > 0) places.push(place);
  });
  return places.sort((a, b) => Number(sums[b]) - Number(sums[a]) || a - b);
}
