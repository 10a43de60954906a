import type { Declaration } from '../generated/ast.ts';
import { type Place, placeOf } from '../source.ts';
import { reachedFrom } from './declarations.ts';
import { type Finding, Findings } from './finding.ts';

/** A place in a declaration, wherever that stands. */
interface Anchored {
  readonly declaration: Declaration;
  readonly place: Place;
}

interface Kept {
  readonly key: string;
  readonly findings: readonly { readonly finding: Finding; readonly places: readonly Anchored[] }[];
  readonly result: unknown;
}

/**
 * What was found out about declarations. An edit leaves most of them as they were: what was said about them is said
 * again, where they stand now.
 */
export class Memory {
  readonly #kept = new WeakMap<Declaration, Map<string, Kept>>();

  /**
   * Runs one part of the checks of a declaration, or repeats what it came to when the key is the same as the last time.
   * The key names everything that the outcome depends on; without one nothing is kept.
   */
  recall<T>(
    part: string,
    declaration: Declaration,
    key: string | undefined,
    findings: Findings,
    run: (findings: Findings) => T,
  ): T {
    const before = this.known<T>(part, declaration, key, findings);
    if (before !== undefined) return before.result;
    const own = new Findings();
    try {
      const result = run(own);
      this.keep(part, declaration, key, own, result);
      return result;
    } finally {
      findings.addAll(own.list);
    }
  }

  /** Repeats what a part came to; undefined when that is not known. */
  known<T>(
    part: string,
    declaration: Declaration,
    key: string | undefined,
    findings: Findings,
  ): { readonly result: T } | undefined {
    const kept = this.#kept.get(declaration)?.get(part);
    if (kept === undefined || kept.key !== key) return undefined;
    const said = kept.findings.map(({ finding, places }) => placed(finding, places));
    // An anchor that stands nowhere belongs to another tree.
    if (said.includes(undefined)) return undefined;
    findings.addAll(said.filter(finding => finding !== undefined));
    // Only `keep` writes, with the result of the same part.
    return { result: kept.result as T };
  }

  /** Remembers what a part came to. */
  keep(part: string, declaration: Declaration, key: string | undefined, findings: Findings, result: unknown): void {
    const parts = this.#kept.get(declaration) ?? new Map<string, Kept>();
    this.#kept.set(declaration, parts);
    const anchored = findings.list.map(finding => ({
      finding,
      places: placesIn(finding).map(place => anchor(place, declaration)),
    }));
    if (key === undefined || !findings.isLasting || anchored.some(({ places }) => places.includes(undefined))) {
      parts.delete(part);
      return;
    }
    parts.set(part, {
      key,
      findings: anchored.map(({ finding, places }) => ({
        finding,
        places: places.filter(place => place !== undefined),
      })),
      result,
    });
  }
}

/** The places of a finding, always in the same order. */
function placesIn({ place, related, mends }: Finding): Place[] {
  return [place, ...related.map(each => each.place), ...mends.flatMap(({ edits }) => edits.map(each => each.place))];
}

/** The finding with its places where their declarations stand now. */
function placed(finding: Finding, places: readonly Anchored[]): Finding | undefined {
  const now = places.map(({ declaration, place }) => shifted(place, placeOf(declaration)?.start));
  const next = now.values();
  const take = (): Place => next.next().value ?? finding.place;
  if (now.includes(undefined)) return undefined;
  return {
    ...finding,
    place: take(),
    related: finding.related.map(each => ({ ...each, place: take() })),
    mends: finding.mends.map(mend => ({ ...mend, edits: mend.edits.map(edit => ({ ...edit, place: take() })) })),
  };
}

/** The place relative to a declaration that it lies in: the one that is checked, or one that it uses. */
function anchor(place: Place, checked: Declaration): Anchored | undefined {
  for (const declaration of reachedFrom(checked)) {
    const whole = placeOf(declaration);
    if (whole !== undefined && whole.start <= place.start && place.end <= whole.end)
      return { declaration, place: { start: place.start - whole.start, end: place.end - whole.start } };
  }
  return undefined;
}

function shifted({ start, end }: Place, by: number | undefined): Place | undefined {
  return by === undefined ? undefined : { start: start + by, end: end + by };
}
