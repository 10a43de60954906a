import type { AttentionInput } from '../../../runtime/attention/types.ts';
import type { Pattern } from '../../../runtime/pattern/ir.ts';
import { philox } from '../../../runtime/pattern/philox.ts';
import type { Shape } from '../../../runtime/pattern/shape.ts';
import { allows } from '../brute-force.ts';

/** `pairs[r][j]`: may query row r attend to key j? */
export type Pairs = readonly (readonly boolean[])[];

type Call = Pattern & { kind: 'primitive' };
type Matrix = readonly (readonly number[])[];

/** Queries and keys of one head as lists of numbers. */
export interface Vectors {
  readonly queries: Matrix;
  readonly keys: Matrix;
}

const METHODS = new Set(['topk', 'threshold', 'block_topk', 'lsh', 'routing', 'vertical_slash']);

/**
 * What a pattern holds for given queries and keys, by the definition of each method, pair by pair over whole matrices in
 * float64. It shares no code with the runtime's selection but the random words.
 */
export function pairsByRule(pattern: Pattern, shape: Shape, vectors: Vectors): Pairs {
  const of = (part: Pattern): Pairs => pairsByRule(part, shape, vectors);
  switch (pattern.kind) {
    case 'union':
      return combined(of(pattern.left), of(pattern.right), (a, b) => a || b);
    case 'intersection':
      return combined(of(pattern.left), of(pattern.right), (a, b) => a && b);
    case 'difference':
      return combined(of(pattern.left), of(pattern.right), (a, b) => a && !b);
    case 'complement':
      return of(pattern.of).map(row => row.map(allowed => !allowed));
    case 'named':
      return of(pattern.pattern);
    case 'primitive':
      if (METHODS.has(pattern.name)) return chosen(pattern, shape, vectors);
      if ((pattern.name === 'transpose' || pattern.name === 'symmetric') && pattern.args.p?.type === 'pattern') {
        const pairs = of(pattern.args.p.value);
        const both = pattern.name === 'symmetric';
        return pairs.map((row, i) => row.map((pair, j) => (both && pair) || pairs[j]![i]!));
      }
  }
  return vectors.queries.map((_, r) => vectors.keys.map((_, j) => allows(pattern, shape, shape.offset + r, j)));
}

function combined(left: Pairs, right: Pairs, operation: (a: boolean, b: boolean) => boolean): Pairs {
  return left.map((row, r) => row.map((allowed, j) => operation(allowed, right[r]![j]!)));
}

function chosen(call: Call, shape: Shape, vectors: Vectors): Pairs {
  const number = (name: string, otherwise?: number): number => {
    const argument = call.args[name];
    if (argument === undefined && otherwise !== undefined) return otherwise;
    if (argument?.type !== 'number' || argument.value.op !== 'number') throw new Error(`${name} is no plain number`);
    return argument.value.value;
  };
  const everything = call.name === 'vertical_slash' ? 'causal' : 'full';
  const within: Pattern =
    call.args.within?.type === 'pattern' ? call.args.within.value : { kind: 'primitive', name: everything, args: {} };
  const candidates = pairsByRule(within, shape, vectors);
  switch (call.name) {
    case 'topk':
      return topk(number('keys'), candidates, vectors);
    case 'lsh': {
      const rounds = Array.from({ length: number('rounds', 1) }, (_, round) =>
        bucketsOf(number('buckets'), round, number('seed', 0), vectors),
      );
      return candidates.map((row, r) =>
        row.map(
          (allowed, j) =>
            allowed && (j === shape.offset + r || rounds.some(({ queries, keys }) => queries[r] === keys[j])),
        ),
      );
    }
    case 'routing': {
      const { labels, nearness } = clustersOf(number('clusters'), number('iterations', 8), number('seed', 0), vectors);
      if (call.args.top !== undefined) {
        const count = vectors.queries.length;
        const members = nearness.map(dots => ({
          queries: only(
            preferred(
              dots.slice(0, count),
              dots.slice(0, count).map(() => true),
            ).slice(0, number('top')),
            count,
          ),
          keys: only(
            preferred(
              dots.slice(count),
              dots.slice(count).map(() => true),
            ).slice(0, number('top')),
            vectors.keys.length,
          ),
        }));
        return candidates.map((row, r) =>
          row.map((allowed, j) => allowed && members.some(({ queries, keys }) => queries[r]! && keys[j]!)),
        );
      }
      const keys = labels.slice(vectors.queries.length);
      return candidates.map((row, r) => row.map((allowed, j) => allowed && labels[r] === keys[j]));
    }
    case 'threshold':
      return threshold(number('mass'), candidates, vectors);
    case 'block_topk':
      return blockTopk(number('size'), number('blocks'), candidates, shape.offset, vectors);
    case 'vertical_slash': {
      const { vertical, slash } = lineSums(number('last', 64), candidates, shape.offset, vectors);
      const columns = best(vertical, number('vertical'), (a, b) => a - b);
      // Nearest to the diagonal first; of two equally near ones the positive one.
      const diagonals = best(slash, number('slash'), (a, b) => Math.abs(a) - Math.abs(b) || b - a);
      return candidates.map((row, r) =>
        row.map((allowed, j) => allowed && (columns.has(j) || diagonals.has(shape.offset + r - j))),
      );
    }
    default:
      throw new Error(`no rule for ${call.name}`);
  }
}

export function dot(a: readonly number[], b: readonly number[]): number {
  return a.reduce((sum, value, d) => sum + value * b[d]!, 0);
}

/** Keys in the order of preference: descending score, ties to the smaller key. */
function preferred(scores: readonly number[], candidates: readonly boolean[]): number[] {
  const keys = scores.map((_, j) => j).filter(j => candidates[j]);
  return keys.sort((a, b) => scores[b]! - scores[a]! || a - b);
}

function only(keys: readonly number[], length: number): boolean[] {
  const set = new Set(keys);
  return Array.from({ length }, (_, j) => set.has(j));
}

function topk(count: number, candidates: Pairs, { queries, keys }: Vectors): Pairs {
  return queries.map((query, r) => {
    const scores = keys.map(key => dot(query, key));
    return only(preferred(scores, candidates[r]!).slice(0, count), keys.length);
  });
}

function softmax(query: readonly number[], candidates: readonly boolean[], keys: Matrix): number[] {
  const scores = keys.map(key => dot(query, key) / Math.sqrt(query.length));
  const most = Math.max(...scores.filter((_, j) => candidates[j]));
  const weights = scores.map((score, j) => (candidates[j] ? Math.exp(score - most) : 0));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return weights.map(weight => weight / total);
}

function threshold(mass: number, candidates: Pairs, { queries, keys }: Vectors): Pairs {
  return queries.map((query, r) => {
    const shares = softmax(query, candidates[r]!, keys);
    const order = preferred(shares, candidates[r]!);
    const kept: number[] = [];
    let sum = 0;
    for (const key of order) {
      if (sum >= mass) break;
      kept.push(key);
      sum += shares[key]!;
    }
    return only(kept, keys.length);
  });
}

function mean(vectors: Matrix): number[] {
  return vectors[0]!.map((_, d) => vectors.reduce((sum, vector) => sum + vector[d]!, 0) / vectors.length);
}

function blockTopk(size: number, count: number, candidates: Pairs, offset: number, { queries, keys }: Vectors): Pairs {
  const blockOf = (position: number): number => Math.floor(position / size);
  const inBlock = (all: Matrix, first: number, block: number): Matrix =>
    all.filter((_, at) => blockOf(first + at) === block);
  const blocks = blockOf(keys.length - 1) + 1;
  return queries.map((_, r) => {
    const own = blockOf(offset + r);
    const query = mean(inBlock(queries, offset, own));
    const scores = Array.from({ length: blocks }, (_, block) =>
      block === own ? Number.POSITIVE_INFINITY : dot(query, mean(inBlock(keys, 0, block))),
    );
    const possible = scores.map((_, block) =>
      queries.some(
        (_, row) => blockOf(offset + row) === own && keys.some((_, j) => blockOf(j) === block && candidates[row]![j]),
      ),
    );
    const chosenBlocks = only(preferred(scores, possible).slice(0, count), blocks);
    return keys.map((_, j) => chosenBlocks[blockOf(j)]! && candidates[r]![j]!);
  });
}

/** Sums of the last queries' probabilities by column and by i - j; lines that they cannot see have -1. */
function lineSums(last: number, candidates: Pairs, offset: number, { queries, keys }: Vectors) {
  const vertical = new Map(keys.map((_, j) => [j, -1]));
  const slash = new Map<number, number>();
  for (let difference = 1 - keys.length; difference < keys.length; difference++) slash.set(difference, -1);
  queries.forEach((query, r) => {
    if (r < queries.length - last) return;
    softmax(query, candidates[r]!, keys).forEach((share, j) => {
      if (!candidates[r]![j]) return;
      vertical.set(j, Math.max(0, vertical.get(j)!) + share);
      slash.set(offset + r - j, Math.max(0, slash.get(offset + r - j)!) + share);
    });
  });
  return { vertical, slash };
}

function best(sums: ReadonlyMap<number, number>, count: number, tie: (a: number, b: number) => number): Set<number> {
  const order = [...sums.keys()].sort((a, b) => sums.get(b)! - sums.get(a)! || tie(a, b));
  return new Set(order.slice(0, count));
}

function normalised(vector: readonly number[]): number[] {
  const length = Math.sqrt(dot(vector, vector));
  return length === 0 ? [...vector] : vector.map(value => value / length);
}

function keyOfSeed(seed: number): [number, number] {
  return [seed % 2 ** 32, Math.floor(seed / 2 ** 32)];
}

/** The place of the largest of [xR; -xR]. Only the random words are the runtime's: they have test vectors of their own. */
function bucketsOf(buckets: number, round: number, seed: number, { queries, keys }: Vectors) {
  const bytes = (words: readonly number[]): number =>
    words.flatMap(word => [0, 8, 16, 24].map(shift => (word >>> shift) % 256)).reduce((sum, byte) => sum + byte, 0);
  const rotation = Array.from({ length: Math.max(1, buckets / 2) }, (_, c) =>
    queries[0]!.map((_, d) => bytes(philox([c, d, round, 0], keyOfSeed(seed))) - 2040),
  );
  const bucket = (vector: readonly number[]): number => {
    const turned = rotation.map(column => dot(normalised(vector), column));
    const all = [...turned, ...turned.map(value => -value)].slice(0, buckets);
    return all.indexOf(Math.max(...all));
  };
  return { queries: queries.map(bucket), keys: keys.map(bucket) };
}

/** Spherical k-means from the first centres that k-means++ draws; labels of queries, then of keys. */
function clustersOf(clusters: number, iterations: number, seed: number, { queries, keys }: Vectors) {
  const vectors = [...queries, ...keys].map(normalised);
  const centres: number[][] = [];
  while (centres.length < Math.min(clusters, vectors.length)) {
    const apart = vectors.map(vector => {
      const distance = Math.min(1, ...centres.map(centre => 1 - dot(vector, centre)));
      return distance < 1e-12 ? 0 : distance;
    });
    const total = apart.reduce((sum, distance) => sum + distance, 0);
    if (total === 0) break;
    const [high, low] = philox([centres.length, 0, 0, 0], keyOfSeed(seed));
    const drawn = ((high * 2 ** 21 + Math.floor(low / 2 ** 11)) / 2 ** 53) * total;
    const reached = apart.map((_, at) => apart.slice(0, at + 1).reduce((sum, distance) => sum + distance, 0));
    centres.push([...vectors[reached.findIndex(sum => sum > drawn)]!]);
  }
  const nearest = (vector: readonly number[]): number => {
    const dots = centres.map(centre => dot(vector, centre));
    return dots.indexOf(Math.max(...dots));
  };
  for (let iteration = 0; iteration < iterations; iteration++) {
    const labels = vectors.map(nearest);
    centres.forEach((_, label) => {
      const members = vectors.filter((_, at) => labels[at] === label);
      if (members.length === 0) return;
      const sum = members[0]!.map((_, d) => members.reduce((total, vector) => total + vector[d]!, 0));
      if (dot(sum, sum) > 0) centres[label] = normalised(sum);
    });
  }
  return { labels: vectors.map(nearest), nearness: centres.map(centre => vectors.map(vector => dot(vector, centre))) };
}

/** The vectors that head `head` of a problem compares. */
export function vectorsOf({ q, k, heads, kvHeads, queries, keys, headDim }: AttentionInput, head: number): Vectors {
  const kvHead = Math.floor((head * kvHeads) / heads);
  const rows = (data: Float32Array, first: number, count: number): number[][] =>
    Array.from({ length: count }, (_, row) => [...data.subarray((first + row) * headDim, (first + row + 1) * headDim)]);
  return { queries: rows(q, head * queries, queries), keys: rows(k, kvHead * keys, keys) };
}
