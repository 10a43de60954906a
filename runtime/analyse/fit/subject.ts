import {
  buildMaskTree,
  CompileError,
  type CompileOptions,
  type MaskTree,
  type TileSize,
} from '../../compile/mask-tree.ts';
import { planOf } from '../../compile/plan.ts';
import { complement, EVERYTHING, intersection } from '../../pattern/algebra.ts';
import { bindPattern } from '../../pattern/bind.ts';
import { Progression } from '../../pattern/difference-mask.ts';
import type { Model, Pattern } from '../../pattern/ir.ts';
import type { Mask } from '../../pattern/mask.ts';
import { maskName } from '../../pattern/mask-name.ts';
import { coveredAt, shapeAt } from '../../pattern/model.ts';
import type { Shape } from '../../pattern/shape.ts';
import { transposedMask } from '../../pattern/transposed-mask.ts';
import { compareTrees } from '../compare.ts';
import type { Pair } from '../find-pair.ts';
import { everyQueryHasKeys, neverSeesTheFuture, type Proofs, rowsOf, tileRuns } from '../proofs.ts';
import type { Whole } from '../recognise/parts.ts';
import { partsOf } from '../recognise.ts';
import { rowRuns } from '../row-runs.ts';
import { type BrokenTile, firstBrokenTile } from './whole-tiles.ts';

const PAST: Mask = new Progression(0, Number.POSITIVE_INFINITY);
const FUTURE: Mask = new Progression(Number.NEGATIVE_INFINITY, -1);

/** Columns in which what is left out falls into several stretches. */
interface BrokenColumn {
  readonly key: number;
  readonly side: 'before' | 'after';
  /** Two queries that lack the key, and one between them that has it. */
  readonly queries: readonly [number, number, number];
}

/** One mask, and the facts about it that libraries ask for; each is worked out when it is first asked for. */
export class FitMask {
  readonly mask: Mask;
  readonly shape: Shape;
  readonly pattern: Pattern;
  readonly #options: CompileOptions;
  readonly #trees = new Map<string, MaskTree>();
  readonly #kept = new Map<string, unknown>();

  constructor(pattern: Pattern, shape: Shape, options: CompileOptions) {
    this.mask = bindPattern(pattern, shape);
    this.pattern = pattern;
    this.shape = shape;
    this.#options = options;
  }

  /** The compiled mask, in tiles of a size. */
  tree(tile: TileSize = { queries: 64, keys: 64 }): MaskTree {
    const name = `${tile.queries}x${tile.keys}`;
    let tree = this.#trees.get(name);
    if (tree === undefined) {
      tree = buildMaskTree(this.mask, this.shape, { ...this.#options, tile });
      this.#trees.set(name, tree);
    }
    return tree;
  }

  get causal(): Proofs['causal'] {
    return this.#once('causal', () => neverSeesTheFuture(this.mask, this.shape, this.#options));
  }

  get noEmptyQuery(): Proofs['noEmptyQuery'] {
    return this.#once('empty', () => everyQueryHasKeys(this.tree(), this.shape.offset));
  }

  get rows(): Pick<Proofs, 'contiguous' | 'intervals'> {
    return this.#once('rows', () => rowsOf(this.tree(), this.shape.offset));
  }

  /** Stretches of keys of all queries together. */
  get stretches(): number {
    return this.#once('stretches', () => rowRuns(this.tree()).reduce((sum, runs) => sum + runs, 0));
  }

  /** The parts that the mask is made of, where it is a known design. */
  get whole(): Whole | undefined {
    return this.#once('whole', () => partsOf(this.mask, this.shape, { pattern: this.pattern }, this.#options));
  }

  /** Are the lists of tiles free of gaps? Undefined when there are too many tiles to list. */
  contiguousTiles(tile: TileSize): { readonly partial: boolean; readonly full: boolean } | undefined {
    try {
      return tileRuns(planOf(this.tree(tile)));
    } catch (error) {
      if (error instanceof CompileError) return undefined;
      throw error;
    }
  }

  /** A tile that is neither empty nor whole; `cut`: as far as the past goes. */
  brokenTile(tile: TileSize, cut: boolean): BrokenTile | undefined {
    return this.#once(`broken ${tile.queries}x${tile.keys} ${cut}`, () => {
      const domain = buildMaskTree(cut ? PAST : EVERYTHING, this.shape, { ...this.#options, tile });
      return firstBrokenTile(this.tree(tile), domain, this.shape.offset);
    });
  }

  /** The first key whose missing queries are not one stretch among those before it or among itself and those after. */
  get brokenColumn(): BrokenColumn | undefined {
    return this.#once('column', () => this.#brokenSide('after', PAST) ?? this.#brokenSide('before', FUTURE));
  }

  #brokenSide(side: 'before' | 'after', half: Mask): BrokenColumn | undefined {
    const missing = transposedMask(intersection(complement(this.mask), half), this.shape.tokens);
    const { contiguous } = rowsOf(buildMaskTree(missing, this.shape, this.#options), this.shape.offset);
    if (contiguous.holds) return undefined;
    const { query: key, before, missing: held, after } = contiguous.counterexample;
    return { key, side, queries: [before, held, after] };
  }

  #once<T>(name: string, work: () => T): T {
    if (!this.#kept.has(name)) this.#kept.set(name, work());
    return this.#kept.get(name) as T;
  }
}

/** The masks of one layer. */
export interface FitSubject {
  readonly shape: Shape;
  /** The distinct masks. */
  readonly masks: readonly [FitMask, ...FitMask[]];
  /** [heads]: the mask of each head. */
  readonly headMask: readonly number[];
  /** Query heads that share one key/value head. */
  readonly group: number;
}

/**
 * The masks of a layer of a model, or of one head of it. Throws PatternError when a mask has no meaning or is chosen by
 * content, and CompileError when one is too large.
 */
export function fitSubject(
  model: Model,
  layer: number,
  head: number | undefined,
  tokens: number | undefined,
  options: CompileOptions = {},
): FitSubject {
  const heads = head === undefined ? Array.from({ length: model.heads }, (_, index) => index) : [head];
  const masks = heads.map(index => {
    const shape = shapeAt(model, layer, index, tokens);
    return { pattern: coveredAt(model, layer, index), shape };
  });
  return fitSubjectOf(masks, head === undefined ? model.heads / model.kvHeads : 1, options);
}

/** The same for the masks of some heads, of which each `group` share keys. */
export function fitSubjectOf(
  heads: readonly { readonly pattern: Pattern; readonly shape: Shape }[],
  group: number,
  options: CompileOptions = {},
): FitSubject {
  const masks: FitMask[] = [];
  const names = new Map<string, number>();
  const headMask = heads.map(({ pattern, shape }) => {
    const name = maskName(pattern, shape);
    const known = names.get(name);
    if (known !== undefined) return known;
    const mask = new FitMask(pattern, shape, options);
    // Two spellings of one mask are one.
    const same = masks.findIndex(other => compareTrees(other.tree(), mask.tree()).relation === 'equal');
    const number = same >= 0 ? same : masks.push(mask) - 1;
    names.set(name, number);
    return number;
  });
  const [first, ...others] = masks;
  if (first === undefined) throw new RangeError('a model has at least one head');
  return { shape: first.shape, masks: [first, ...others], headMask, group };
}

/** Two heads with different masks, and a pair that only one of them has; of heads that share keys, where `within` says so. */
export function differingHeads(
  { masks, headMask, group }: FitSubject,
  within: 'layer' | 'group',
): { readonly heads: readonly [number, number]; readonly pair: Pair } | undefined {
  for (const [head, mask] of headMask.entries()) {
    const first = within === 'layer' ? 0 : head - (head % group);
    const other = masks[headMask[first] ?? 0];
    const own = masks[mask];
    if (own === undefined || other === undefined || own === other) continue;
    const { difference } = compareTrees(other.tree(), own.tree(), own.shape.offset);
    if (difference !== undefined)
      return { heads: [first, head], pair: { query: difference.query, key: difference.key } };
  }
  return undefined;
}
