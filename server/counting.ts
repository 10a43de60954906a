import { complexity } from '../runtime/analyse/complexity.ts';
import { buildMaskTree, CompileError } from '../runtime/compile/mask-tree.ts';
import { bindPattern } from '../runtime/pattern/bind.ts';
import type { Pattern } from '../runtime/pattern/ir.ts';
import { PatternError } from '../runtime/pattern/primitive.ts';
import type { Shape } from '../runtime/pattern/shape.ts';

/** How many pairs a pattern holds at a shape. */
export interface Count {
  /** Exact; null when counting would have kept the editor waiting. */
  readonly pairs: number | null;
  /** Pairs there are: queries x tokens. */
  readonly all: number;
  /** pairs / all, or null with it. */
  readonly density: number | null;
  readonly complexity: string;
  readonly tokens: number;
}

const KEPT = 256;

class OutOfTime extends Error {}

/** Counts pairs within a time budget and remembers the answers: an edit leaves most patterns of a file as they were. */
export class Counter {
  readonly #known = new Map<string, Count>();

  /** The count, or undefined when the pattern has no meaning at this shape. */
  count(pattern: Pattern, shape: Shape, milliseconds: number): Count | undefined {
    const key = JSON.stringify([pattern, shape], (name, value: unknown) => (name === 'span' ? undefined : value));
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const end = performance.now() + milliseconds;
    try {
      const all = shape.queries * shape.tokens;
      const count = (pairs: number | null): Count => ({
        pairs,
        all,
        density: pairs === null ? null : pairs / all,
        complexity: complexity(pattern),
        tokens: shape.tokens,
      });
      if (milliseconds <= 0) return count(null);
      const mask = bindPattern(pattern, shape);
      let counted: Count;
      try {
        const checkpoint = (): void => {
          if (performance.now() > end) throw new OutOfTime();
        };
        counted = count(buildMaskTree(mask, shape, { checkpoint }).root?.pairs ?? 0);
      } catch (error) {
        if (!(error instanceof OutOfTime || error instanceof CompileError)) throw error;
        counted = count(null);
      }
      this.#keep(key, counted);
      return counted;
    } catch (error) {
      if (error instanceof PatternError || error instanceof RangeError) return undefined;
      throw error;
    }
  }

  #keep(key: string, count: Count): void {
    if (this.#known.size >= KEPT) {
      const oldest = this.#known.keys().next().value;
      if (oldest !== undefined) this.#known.delete(oldest);
    }
    this.#known.set(key, count);
  }
}

/** 12345 as `12,345`. */
export function grouped(value: number): string {
  return value.toLocaleString('en-US');
}

/** A density as a percentage with three digits: `12.3%`. */
export function percent(density: number): string {
  const value = density * 100;
  return `${value === 0 || value >= 100 ? value : Number(value.toPrecision(3))}%`;
}
