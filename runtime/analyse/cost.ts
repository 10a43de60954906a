import { type Count, plus } from '../compile/count.ts';
import { type CompileOptions, DEFAULT_TILE, type TileSize } from '../compile/mask-tree.ts';
import { union } from '../pattern/algebra.ts';
import { bindCandidates, isDynamic } from '../pattern/bind.ts';
import type { Dtype, Model, Pattern } from '../pattern/ir.ts';
import { maskName } from '../pattern/mask-name.ts';
import { coveredAt, shapeAt } from '../pattern/model.ts';
import { type Reads, readsOf } from '../pattern/reads.ts';
import type { Shape } from '../pattern/shape.ts';
import { countMask } from './mask-counts.ts';
import { pairBudget } from './pair-budget.ts';
import type { Range } from './range.ts';

/** Width of a head where the file does not say. */
export const ASSUMED_HEAD_DIM = 64;

/** Per pair: compare with the largest score, subtract it, raise e to the rest, add it to the sum. */
const SOFTMAX_OPS = 4n;

const BYTES: Readonly<Record<Dtype, bigint>> = { f32: 4n, f16: 2n, bf16: 2n };

/** A quantity of the masks, of full attention over the same queries and keys, and of causal attention. */
export interface Against {
  readonly sparse: bigint;
  readonly full: bigint;
  readonly causal: bigint;
}

/** The same where the sparse one depends on keys that are chosen by content, and is unknown. */
export interface MaybeAgainst extends Omit<Against, 'sparse'> {
  readonly sparse: bigint | null;
}

/** What attention costs: in one layer with all heads, or in all layers. Exact, for the whole batch. */
export interface Cost {
  /** Query-key pairs. Of patterns that choose by content the most there can be, and so in all that follows from it. */
  readonly pairs: Against;
  /** Pairs of the tiles that hold any, which a kernel computes. */
  readonly computedPairs: MaybeAgainst;
  /** Floating-point operations of q . k: 2 head_dim for each pair. */
  readonly scoreFlops: Against;
  /** Floating-point operations of adding up values: 2 head_dim for each pair. */
  readonly valueFlops: Against;
  /** Operations of the softmax: 4 for each pair (compare, subtract, exponential, add). */
  readonly softmaxOps: Against;
  /** Bytes of all scores, were they kept. */
  readonly scoreBytes: Against;
  /** Bytes of Q, K, V and O, each of which moves at least once. */
  readonly tensorBytes: {
    readonly q: bigint;
    readonly k: bigint;
    readonly v: bigint;
    readonly o: bigint;
    readonly total: bigint;
  };
  /** Bytes that a kernel moves which loads the keys and values of each computed tile anew, and Q and O once. */
  readonly movedBytes: MaybeAgainst;
  /**
   * Bytes of the keys and values that are kept for decoding: `full` of all tokens, `sparse` of those that some later
   * query still needs (see `mostKeysAtOnce`).
   */
  readonly cacheBytes: { readonly sparse: bigint; readonly full: bigint };
  /** Most speed-up that a kernel can have which skips empty tiles: pairs that it would compute / pairs that it computes. */
  readonly speedUp: { readonly full: number; readonly causal: number } | null;
}

/** One layer of a model. */
export interface LayerCost extends Cost, Range {
  readonly layer: number;
}

export interface ModelCost {
  readonly tokens: number;
  readonly queries: number;
  readonly layers: number;
  readonly heads: number;
  readonly kvHeads: number;
  readonly headDim: number;
  /** The file does not say how wide a head is. */
  readonly headDimAssumed: boolean;
  readonly dtype: Dtype;
  readonly batch: number;
  readonly tile: TileSize;
  /** No query of any layer sees a later key: causal attention is what to compare with, and there is a cache. */
  readonly causal: boolean;
  /** Some pattern chooses by content: sparse figures are upper bounds. */
  readonly atMost: boolean;
  readonly total: Cost;
  /** By layer. Layers that are alike share one object's numbers. */
  readonly perLayer: readonly LayerCost[];
}

/**
 * The masks of one model at one length that were looked at already: what was stopped goes on from there when it is
 * asked for again.
 */
export class MeasuredMasks {
  readonly #numbers = new Map<string, MaskNumbers>();

  /** The numbers of the mask of that name. */
  get(name: string, measure: () => MaskNumbers): MaskNumbers {
    let numbers = this.#numbers.get(name);
    if (numbers === undefined) {
      numbers = measure();
      this.#numbers.set(name, numbers);
    }
    return numbers;
  }
}

export interface CostOptions extends CompileOptions {
  readonly measured?: MeasuredMasks;
  /** One layer and head alone, as if the model had no other; all of the model otherwise. */
  readonly only?: { readonly layer: number; readonly head: number };
}

/**
 * What a model costs at its own tokens or at others. `options.tile` is the tile of the kernel (default 64 x 64).
 *
 * Heads and layers that share a mask are counted once. Throws PatternError (also when no rule reaches a head) and
 * CompileError.
 */
export function modelCost(model: Model, tokens?: number, options: CostOptions = {}): ModelCost {
  const { only } = options;
  const shape = shapeAt(model, only?.layer ?? 0, only?.head ?? 0, tokens);
  const tile = options.tile ?? DEFAULT_TILE;
  const masks = new Masks(model, tokens, options);
  const headDim = model.headDim ?? ASSUMED_HEAD_DIM;
  const layers = only === undefined ? range(model.layers) : [only.layer];
  const heads = only === undefined ? range(model.heads) : [only.head];
  const kvHeads = only === undefined ? model.kvHeads : 1;
  const pricing: Pricing = {
    shape,
    heads: heads.length,
    kvHeads,
    headDim: BigInt(headDim),
    bytes: BYTES[model.dtype],
    batch: BigInt(model.batch),
    ...baseline(shape, tile),
  };
  const known = new Map<string, Cost & Range>();
  const perLayer = layers.map((layer): LayerCost => {
    const ids = heads.map(head => masks.idAt(layer, head));
    const key = ids.join();
    let cost = known.get(key);
    if (cost === undefined) {
      cost = layerCost(ids, masks, pricing);
      known.set(key, cost);
    }
    return { layer, ...cost };
  });
  return {
    tokens: shape.tokens,
    queries: shape.queries,
    layers: layers.length,
    heads: heads.length,
    kvHeads,
    headDim,
    headDimAssumed: model.headDim === null,
    dtype: model.dtype,
    batch: model.batch,
    tile,
    causal: perLayer.every(({ ahead }) => ahead === 0),
    atMost: masks.all.some(({ computed }) => computed === null),
    total: totalOf(perLayer),
    perLayer,
  };
}

function range(count: number): number[] {
  return Array.from({ length: count }, (_, index) => index);
}

/** The numbers of one mask that costs follow from. */
interface MaskNumbers extends Range {
  readonly pairs: bigint;
  /** Pairs and keys of the tiles that hold any; null when content chooses the pairs. */
  readonly computed: { readonly pairs: bigint; readonly keys: bigint } | null;
  /** Most keys that are needed at once, see `mostKeysAtOnce`. */
  readonly kept: number;
  readonly pattern: Pattern;
  readonly shape: Shape;
}

/** The distinct masks of a model, each measured once. */
class Masks {
  readonly all: MaskNumbers[] = [];
  readonly #model: Model;
  readonly #tokens: number | undefined;
  readonly #options: CostOptions;
  readonly #measured: MeasuredMasks;
  readonly #ids = new Map<string, number>();
  /** Names of patterns by the layer and head as far as they read them. */
  readonly #names = new Map<Pattern, { readonly reads: Reads; readonly known: Map<string, string> }>();
  /** Of sets of masks, by their sorted ids. */
  readonly #kept = new Map<string, number>();

  constructor(model: Model, tokens: number | undefined, options: CostOptions) {
    this.#model = model;
    this.#tokens = tokens;
    this.#options = options;
    this.#measured = options.measured ?? new MeasuredMasks();
  }

  idAt(layer: number, head: number): number {
    const pattern = coveredAt(this.#model, layer, head);
    const shape = shapeAt(this.#model, layer, head, this.#tokens);
    const key = this.#nameOf(pattern, shape);
    let id = this.#ids.get(key);
    if (id === undefined) {
      id = this.all.push(this.#measured.get(key, () => measure(pattern, shape, this.#options))) - 1;
      this.#ids.set(key, id);
    }
    return id;
  }

  /** Most keys that a key/value head needs at once which serves heads with these masks. */
  keptKeys(ids: readonly number[]): number {
    const sorted = [...new Set(ids)].sort((a, b) => a - b);
    const distinct = sorted.flatMap(id => this.all[id] ?? []);
    const [first] = distinct;
    if (first === undefined || distinct.length === 1) return first?.kept ?? 0;
    const key = sorted.join();
    let kept = this.#kept.get(key);
    if (kept === undefined) {
      // A key stays for as long as any of the heads needs it.
      const mask = distinct.map(({ pattern, shape }) => bindCandidates(pattern, shape)).reduce(union);
      kept = countMask(mask, first.shape, this.#options).kept;
      this.#kept.set(key, kept);
    }
    return kept;
  }

  /** Layers and heads with one name have the same mask. */
  #nameOf(pattern: Pattern, shape: Shape): string {
    // A causal model makes a new intersection at every call around the one pattern of the rule.
    const own = this.#model.causal && pattern.kind === 'intersection' ? pattern.left : pattern;
    let names = this.#names.get(own);
    if (names === undefined) {
      names = { reads: readsOf(own), known: new Map() };
      this.#names.set(own, names);
    }
    const { reads, known } = names;
    const where = `${reads.layer ? shape.layer : ''},${reads.head ? shape.head : ''}`;
    let name = known.get(where);
    if (name === undefined) {
      name = maskName(own, shape);
      known.set(where, name);
    }
    return name;
  }
}

function measure(pattern: Pattern, shape: Shape, options: CompileOptions): MaskNumbers {
  options.checkpoint?.();
  const mask = bindCandidates(pattern, shape);
  const dynamic = isDynamic(pattern);
  const counted = countMask(mask, shape, options);
  const { use, range, kept } = counted;
  const pairs = BigInt(dynamic ? pairBudget(pattern, shape, options) : counted.pairs);
  return {
    pairs,
    computed: dynamic ? null : { pairs: BigInt(use.computed), keys: BigInt(use.loadedKeys) },
    ...range,
    kept,
    pattern,
    shape,
  };
}

/** Full and causal attention of one head. */
interface Baseline {
  readonly full: { readonly pairs: bigint; readonly computed: bigint; readonly keys: bigint };
  readonly causal: { readonly pairs: bigint; readonly computed: bigint; readonly keys: bigint };
}

function baseline({ tokens, queries, offset }: Shape, tile: TileSize): Baseline {
  let pairs: Count = 0;
  let computed: Count = 0;
  let keys: Count = 0;
  for (let row = 0; row < queries; row += tile.queries) {
    const rows = Math.min(tile.queries, queries - row);
    const seenByLast = offset + row + rows;
    const tiled = Math.min(tokens, Math.ceil(seenByLast / tile.keys) * tile.keys);
    pairs = plus(pairs, (rows * (offset + row + 1 + seenByLast)) / 2);
    computed = plus(computed, rows * tiled);
    keys = plus(keys, tiled);
  }
  const all = BigInt(queries) * BigInt(tokens);
  const blocks = BigInt(Math.ceil(queries / tile.queries));
  return {
    full: { pairs: all, computed: all, keys: blocks * BigInt(tokens) },
    causal: { pairs: BigInt(pairs), computed: BigInt(computed), keys: BigInt(keys) },
  };
}

interface Pricing extends Baseline {
  readonly shape: Shape;
  readonly heads: number;
  readonly kvHeads: number;
  readonly headDim: bigint;
  /** Of one number. */
  readonly bytes: bigint;
  readonly batch: bigint;
}

function layerCost(ids: readonly number[], masks: Masks, pricing: Pricing): Cost & Range {
  const { shape, heads, kvHeads, headDim, bytes, batch, full, causal } = pricing;
  let sparse = 0n;
  let computed: bigint | null = 0n;
  let loaded: bigint | null = 0n;
  let back = 0;
  let ahead = 0;
  for (const id of ids) {
    const mask = masks.all[id];
    if (mask === undefined) continue;
    sparse += mask.pairs;
    computed = mask.computed === null || computed === null ? null : computed + mask.computed.pairs;
    loaded = mask.computed === null || loaded === null ? null : loaded + mask.computed.keys;
    back = Math.max(back, mask.back);
    ahead = Math.max(ahead, mask.ahead);
  }
  const copies = batch * BigInt(heads);
  const pairs: Against = { sparse: batch * sparse, full: copies * full.pairs, causal: copies * causal.pairs };
  const computedPairs: MaybeAgainst = {
    sparse: computed === null ? null : batch * computed,
    full: copies * full.computed,
    causal: copies * causal.computed,
  };
  const vector = headDim * bytes;
  const q = copies * BigInt(shape.queries) * vector;
  const k = batch * BigInt(kvHeads) * BigInt(shape.tokens) * vector;
  const moved = (keys: bigint): bigint => 2n * q + 2n * keys * vector;
  let cached = 0;
  for (let group = 0; group < kvHeads; group++)
    cached += masks.keptKeys(ids.slice((group * heads) / kvHeads, ((group + 1) * heads) / kvHeads));
  const reached = Math.min(shape.tokens, shape.offset + shape.queries);
  return {
    pairs,
    computedPairs,
    scoreFlops: scaled(pairs, 2n * headDim),
    valueFlops: scaled(pairs, 2n * headDim),
    softmaxOps: scaled(pairs, SOFTMAX_OPS),
    scoreBytes: scaled(pairs, bytes),
    tensorBytes: { q, k, v: k, o: q, total: 2n * (q + k) },
    movedBytes: {
      sparse: loaded === null ? null : moved(batch * loaded),
      full: moved(copies * full.keys),
      causal: moved(copies * causal.keys),
    },
    cacheBytes: {
      sparse: 2n * batch * BigInt(cached) * vector,
      full: 2n * batch * BigInt(kvHeads) * BigInt(reached) * vector,
    },
    speedUp: speedUpOf(computedPairs),
    back,
    ahead,
  };
}

function scaled({ sparse, full, causal }: Against, by: bigint): Against {
  return { sparse: sparse * by, full: full * by, causal: causal * by };
}

function speedUpOf({ sparse, full, causal }: MaybeAgainst): Cost['speedUp'] {
  return sparse === null ? null : { full: Number(full) / Number(sparse), causal: Number(causal) / Number(sparse) };
}

function totalOf(costs: readonly Cost[]): Cost {
  const add = <K extends string>(
    names: readonly K[],
    parts: readonly Readonly<Record<K, bigint>>[],
  ): Record<K, bigint> => {
    const sum = Object.fromEntries(names.map(name => [name, parts.reduce((all, part) => all + part[name], 0n)]));
    // One entry for each of the names.
    return sum as Record<K, bigint>;
  };
  const against = (of: (cost: Cost) => Against): Against => add(['sparse', 'full', 'causal'], costs.map(of));
  const maybe = (of: (cost: Cost) => MaybeAgainst): MaybeAgainst => {
    const known = costs.map(of).every(({ sparse }) => sparse !== null);
    const sum = against(cost => ({ ...of(cost), sparse: of(cost).sparse ?? 0n }));
    return known ? sum : { ...sum, sparse: null };
  };
  const computedPairs = maybe(cost => cost.computedPairs);
  return {
    pairs: against(cost => cost.pairs),
    computedPairs,
    scoreFlops: against(cost => cost.scoreFlops),
    valueFlops: against(cost => cost.valueFlops),
    softmaxOps: against(cost => cost.softmaxOps),
    scoreBytes: against(cost => cost.scoreBytes),
    tensorBytes: add(
      ['q', 'k', 'v', 'o', 'total'],
      costs.map(cost => cost.tensorBytes),
    ),
    movedBytes: maybe(cost => cost.movedBytes),
    cacheBytes: add(
      ['sparse', 'full'],
      costs.map(cost => cost.cacheBytes),
    ),
    speedUp: speedUpOf(computedPairs),
  };
}
