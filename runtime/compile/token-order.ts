import { type Lattice, latticeOf, type Regrouping, type Run } from '../pattern/lattice.ts';

/** Words of one tile are asked again for each of its rows. */
const KEPT_WORDS = 64;

/** An order of the positions [from, to): where each place of the order is in the sequence. */
export class TokenOrder {
  readonly #from: number;
  readonly #to: number;
  readonly #chunk: number;
  readonly #stride: number;
  /** Place at which each group of evenly spaced positions begins, and the end; groups may be empty. */
  readonly #groupStart: Float64Array;
  #lastPlace = -1;
  #lastPosition = -1;
  readonly #words = new Map<number, readonly Run[]>();
  /** First chunk that reaches into [from, to). */
  readonly #firstChunk: number;

  constructor(from: number, to: number, { chunk, stride }: Regrouping) {
    this.#from = from;
    this.#to = to;
    this.#stride = stride;
    this.#chunk = Math.min(chunk, Math.ceil(to / stride) * stride);
    this.#firstChunk = Math.floor(from / this.#chunk);
    const chunks = Math.ceil(to / this.#chunk) - this.#firstChunk;
    this.#groupStart = new Float64Array(chunks * stride + 1);
    for (let group = 0; group < chunks * stride; group++) {
      const run = this.#group(group);
      this.#groupStart[group + 1] = (this.#groupStart[group] ?? 0) + run.count;
    }
  }

  /** Number of groups, which costs memory. */
  static groups(from: number, to: number, { chunk, stride }: Regrouping): number {
    return chunk >= to ? stride : (Math.ceil(to / chunk) - Math.floor(from / chunk)) * stride;
  }

  /** Positions in their new order, counted from `from`. [to - from] */
  permutation(): Uint32Array {
    const order = new Uint32Array(this.#to - this.#from);
    let place = 0;
    for (let group = 0; group < this.#groupStart.length - 1; group++) {
      const run = this.#group(group);
      for (let t = 0; t < run.count; t++) order[place++] = run.start + run.stride * t - this.#from;
    }
    return order;
  }

  /** The position at a place. */
  at(place: number): number {
    if (place !== this.#lastPlace) {
      const group = this.#groupAt(place);
      this.#lastPlace = place;
      this.#lastPosition = this.#group(group).start + this.#stride * (place - (this.#groupStart[group] ?? 0));
    }
    return this.#lastPosition;
  }

  /** The runs at the 32 places from `first` on, or as many as there are. Asked for many rows, so the last ones are kept. */
  word(first: number): readonly Run[] {
    let runs = this.#words.get(first);
    if (runs === undefined) {
      const end = Math.min(this.#to - this.#from, first + 32);
      runs = this.runs(first, end, 32) ?? [];
      if (this.#words.size >= KEPT_WORDS) this.#words.clear();
      this.#words.set(first, runs);
    }
    return runs;
  }

  /** The runs of positions at the places [first, end), in order; undefined when there are more than `most`. */
  runs(first: number, end: number, most: number): readonly Run[] | undefined {
    const runs: Run[] = [];
    let place = first;
    for (let group = this.#groupAt(first); place < end; group++) {
      const start = this.#groupStart[group] ?? 0;
      const next = Math.min(end, this.#groupStart[group + 1] ?? end);
      if (next === place) continue;
      if (runs.length === most) return undefined;
      const run = this.#group(group);
      runs.push({ start: run.start + run.stride * (place - start), stride: run.stride, count: next - place });
      place = next;
    }
    return runs;
  }

  /** Positions that include all those at the places [first, end), as few others as a lattice allows. */
  around(first: number, end: number): Lattice {
    const group = this.#groupAt(first);
    const last = this.#groupAt(end - 1);
    if (group === last) {
      const { start, stride } = this.#group(group);
      return latticeOf({
        start: start + stride * (first - (this.#groupStart[group] ?? 0)),
        stride,
        count: end - first,
      });
    }
    const chunk = Math.floor(group / this.#stride);
    const lastChunk = Math.floor(last / this.#stride);
    const begin = Math.max(this.#from, (this.#firstChunk + chunk) * this.#chunk);
    const stop = Math.min(this.#to, (this.#firstChunk + lastChunk + 1) * this.#chunk);
    if (chunk !== lastChunk) return { start: begin, width: stop - begin, stride: 1, count: 1 };
    const base = Math.floor(begin / this.#stride) * this.#stride;
    const residue = group % this.#stride;
    return {
      start: base + residue,
      width: (last % this.#stride) - residue + 1,
      stride: this.#stride,
      count: Math.ceil((stop - base) / this.#stride),
    };
  }

  /** The evenly spaced positions of one group inside [from, to). */
  #group(group: number): Run {
    const chunk = this.#firstChunk + Math.floor(group / this.#stride);
    const residue = group % this.#stride;
    const begin = Math.max(this.#from, chunk * this.#chunk);
    const stop = Math.min(this.#to, (chunk + 1) * this.#chunk);
    const start = residue + Math.ceil((begin - residue) / this.#stride) * this.#stride;
    return { start, stride: this.#stride, count: Math.max(0, Math.ceil((stop - start) / this.#stride)) };
  }

  /** The group that holds a place. */
  #groupAt(place: number): number {
    let low = 0;
    let high = this.#groupStart.length - 1;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if ((this.#groupStart[middle] ?? 0) <= place) low = middle;
      else high = middle;
    }
    return low;
  }
}
