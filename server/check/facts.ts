import { firstEmptyQuery } from '../../runtime/analyse/empty-queries.ts';
import { findPair, type Pair } from '../../runtime/analyse/find-pair.ts';
import { type Flow, flowOf } from '../../runtime/analyse/reach.ts';
import type { Count } from '../../runtime/compile/count.ts';
import { buildMaskTree, CompileError, type CompileOptions } from '../../runtime/compile/mask-tree.ts';
import { union } from '../../runtime/pattern/algebra.ts';
import { bindPattern } from '../../runtime/pattern/bind.ts';
import { BESIDE_MEANING, type Pattern } from '../../runtime/pattern/ir.ts';
import { PatternError } from '../../runtime/pattern/primitive.ts';
import type { Shape } from '../../runtime/pattern/shape.ts';
import { type Idle, SlowAnswers } from '../slow-answers.ts';

/** A pattern and where it is looked at. */
export interface Subject {
  readonly pattern: Pattern;
  readonly shape: Shape;
}

/** Pairs of a mask and the tiles that a kernel has to touch for them. */
export interface TileUse {
  readonly pairs: Count;
  readonly tiles: number;
  /** Part of the pairs of those tiles that is used. */
  readonly used: number;
}

/** Longest time for one fact, where nothing can be found out later. */
const MILLISECONDS = 100;
/** The same while somebody may be waiting for other things. */
const AT_ONCE = 20;
/** Most squares for one fact, so that answers differ as little as can be between fast and slow machines. */
const MAX_SQUARES = 2 ** 17;
const KEPT = 4096;

/**
 * What the compiler says about masks, each fact within a time budget, and remembered: an edit leaves most patterns of
 * a file as they were. Undefined always means that it is not known (too large, or no meaning at that shape), and
 * then nothing may be said.
 */
export class Facts {
  readonly #known: SlowAnswers<unknown>;
  readonly #milliseconds: number;
  /** When whoever asks wants to go on, by `performance.now()`: facts that are not known by then come later. */
  deadline = Number.POSITIVE_INFINITY;
  /** How often a fact was not known in time. */
  unsettled = 0;

  /** With `idle`, what takes longer is found out when nobody waits. */
  constructor(milliseconds?: number, idle?: Idle) {
    this.#milliseconds = milliseconds ?? (idle === undefined ? MILLISECONDS : AT_ONCE);
    this.#known = new SlowAnswers(KEPT, idle);
  }

  /** How often a fact was left for when nobody waits: whoever asks after that may hear more. */
  get postponed(): number {
    return this.#known.postponed;
  }

  /** A pair of a pattern, or null when it holds none. */
  pairOf(pattern: Pattern, shape: Shape): Pair | null | undefined {
    return this.#ask(
      'pair',
      [{ pattern, shape }],
      options => findPair(bindPattern(pattern, shape), shape, options) ?? null,
    );
  }

  /** A pair that one pattern holds and the other lacks, or null when the other contains it. */
  pairOutside(inner: Pattern, outer: Pattern, shape: Shape): Pair | null | undefined {
    return this.pairOf({ kind: 'difference', left: inner, right: outer }, shape);
  }

  /** Position of the first query that attends to nothing, or null. */
  emptyQuery(pattern: Pattern, shape: Shape): number | null | undefined {
    return this.#ask(
      'empty',
      [{ pattern, shape }],
      options => firstEmptyQuery(bindPattern(pattern, shape), shape, options) ?? null,
    );
  }

  /** Flow of information through layers that alternate between some masks of one length. */
  flow(subjects: readonly Subject[]): Flow {
    const [first] = subjects;
    if (first === undefined) return undefined;
    return this.#ask('flow', subjects, options => {
      const mask = subjects.map(({ pattern, shape }) => bindPattern(pattern, shape)).reduce(union);
      return flowOf(mask, first.shape, options);
    });
  }

  /** The tiles of a pattern; null when it holds no pair. */
  tiles(pattern: Pattern, shape: Shape): TileUse | null | undefined {
    return this.#ask('tiles', [{ pattern, shape }], options => {
      const { root, tile } = buildMaskTree(bindPattern(pattern, shape), shape, options);
      if (root === null) return null;
      const tiles = root.fullTiles + root.partialTiles;
      return { pairs: root.pairs, tiles, used: Number(root.pairs) / (tiles * tile.queries * tile.keys) };
    });
  }

  #ask<T>(kind: string, subjects: readonly Subject[], compute: (options: CompileOptions) => T): T | undefined {
    const milliseconds = Math.min(this.#milliseconds, this.deadline - performance.now());
    const found = this.#known.ask(`${kind}${keyOf(subjects)}`, milliseconds, checkpoint => {
      try {
        return compute({ checkpoint, maxNodes: MAX_SQUARES });
      } catch (error) {
        if (error instanceof PatternError || error instanceof CompileError || error instanceof RangeError)
          return undefined;
        throw error;
      }
    });
    if (found === undefined) this.unsettled++;
    // Only this method asks, under a key that begins with the kind of the answer.
    return found?.value as T | undefined;
  }
}

/** Plain JSON as a text without places: what stands elsewhere in the file is still the same pattern. */
export function keyOf(value: unknown): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? '';
  if (Array.isArray(value)) return `[${value.map(keyOf).join()}]`;
  let text = '{';
  for (const [name, inner] of Object.entries(value)) if (!BESIDE_MEANING.has(name)) text += `${name}:${keyOf(inner)},`;
  return `${text}}`;
}
