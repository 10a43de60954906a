import type { Pair } from '../find-pair.ts';
import type { FitSubject } from './subject.ts';

/** Whether a library can express the masks of a layer exactly. */
export type Fit =
  /** `how`: what to call, with its numbers. */
  | { readonly fits: true; readonly how: string }
  /** `because`: the rule that stops it; `pair` is one that shows it. */
  | { readonly fits: false; readonly because: string; readonly pair?: Pair };

/** A library, or one of its ways to take a mask. */
export interface Library {
  /** Stable, e.g. `flex-attention`. */
  readonly id: string;
  readonly name: string;
  /** The version or revision that the facts are of. */
  readonly version: string;
  /** One line: what masks it takes. */
  readonly takes: string;
  fit(subject: FitSubject): Fit;
}

export function yes(how: string): Fit {
  return { fits: true, how };
}

export function no(because: string, pair?: Pair): Fit {
  return pair === undefined ? { fits: false, because } : { fits: false, because, pair };
}

/** The first reason of several tests, each of which gives one or nothing. */
export function firstReason(...tests: readonly (() => Fit | undefined)[]): Fit | undefined {
  for (const test of tests) {
    const reason = test();
    if (reason !== undefined) return reason;
  }
  return undefined;
}
