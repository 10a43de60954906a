import { firstEmptyQuery } from '../../runtime/analyse/empty-queries.ts';
import { findPair, type Pair } from '../../runtime/analyse/find-pair.ts';
import { type Flow, flowOf } from '../../runtime/analyse/reach.ts';
import { buildMaskTree, CompileError, type CompileOptions } from '../../runtime/compile/mask-tree.ts';
import { union } from '../../runtime/pattern/algebra.ts';
import { bindPattern } from '../../runtime/pattern/bind.ts';
import { BESIDE_MEANING, type Pattern } from '../../runtime/pattern/ir.ts';
import { PatternError } from '../../runtime/pattern/primitive.ts';
import type { Shape } from '../../runtime/pattern/shape.ts';

/** A pattern and where it is looked at. */
export interface Subject {
  readonly pattern: Pattern;
  readonly shape: Shape;
}

/** Pairs of a mask and the tiles that a kernel has to touch for them. */
export interface TileUse {
  readonly pairs: number;
  readonly tiles: number;
  /** Part of the pairs of those tiles that is used. */
  readonly used: number;
}

/** Longest time for one fact. */
const MILLISECONDS = 100;
/** Most squares for one fact, so that answers differ as little as can be between fast and slow machines. */
const MAX_SQUARES = 2 ** 17;
/** A fact may run out of time because the machine was busy: it gets another chance, but not at every keystroke. */
const CHANCES = 3;
const KEPT = 4096;

class OutOfTime extends Error {}

/**
 * What the compiler says about masks, each fact within a time budget, and remembered: an edit leaves most patterns of
 * a file as they were. Undefined always means that it is not known (too large, or no meaning at that shape), and
 * then nothing may be said.
 */
export class Facts {
  readonly #known = new Map<string, unknown>();
  readonly #tries = new Map<string, number>();
  readonly #milliseconds: number;
  /** How often a fact took too long although it will be looked for again. */
  unsettled = 0;

  constructor(milliseconds = MILLISECONDS) {
    this.#milliseconds = milliseconds;
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
      return { pairs: root.pairs, tiles, used: root.pairs / (tiles * tile.queries * tile.keys) };
    });
  }

  #ask<T>(kind: string, subjects: readonly Subject[], compute: (options: CompileOptions) => T): T | undefined {
    const key = `${kind}${keyOf(subjects)}`;
    // Only this method writes, under a key that begins with the kind of the answer.
    if (this.#known.has(key)) return this.#known.get(key) as T | undefined;
    const end = performance.now() + this.#milliseconds;
    const checkpoint = (): void => {
      if (performance.now() > end) throw new OutOfTime();
    };
    let answer: T | undefined;
    try {
      answer = compute({ checkpoint, maxNodes: MAX_SQUARES });
    } catch (error) {
      if (error instanceof OutOfTime) {
        const tries = (this.#tries.get(key) ?? 0) + 1;
        this.#tries.set(key, tries);
        if (tries < CHANCES) {
          this.unsettled++;
          return undefined;
        }
      } else if (!(error instanceof PatternError || error instanceof CompileError || error instanceof RangeError))
        throw error;
    }
    this.#tries.delete(key);
    if (this.#known.size >= KEPT) {
      const oldest = this.#known.keys().next().value;
      if (oldest !== undefined) this.#known.delete(oldest);
    }
    this.#known.set(key, answer);
    return answer;
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
