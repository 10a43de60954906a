import type { Box, Coverage, Mask } from './mask.ts';

/** Holds no pair. */
export const NOTHING: Mask = { classify: () => 'empty', word: () => 0, signature: () => '' };
/** Holds every pair. */
export const EVERYTHING: Mask = { classify: () => 'full', word: () => -1, signature: () => '' };

const leafNames = new WeakMap<Mask, number>();
let nextLeaf = 0;

/** A number for a leaf mask, so that signatures of different leaves never meet. */
function leafName(mask: Mask): number {
  let name = leafNames.get(mask);
  if (name === undefined) {
    name = nextLeaf++;
    leafNames.set(mask, name);
  }
  return name;
}

/**
 * The mask as far as it matters inside a box: operands that are empty or full there are folded away, so that the
 * deeper the compiler descends, the less it has to ask.
 */
export function narrow(mask: Mask, box: Box): Mask {
  if (mask instanceof Union || mask instanceof Intersection || mask instanceof Complement) return mask.narrow(box);
  if (mask === NOTHING || mask === EVERYTHING) return mask;
  const coverage = mask.classify(box);
  return coverage === 'empty' ? NOTHING : coverage === 'full' ? EVERYTHING : mask;
}

/** Signature of an already narrowed mask in a box; undefined when some operand does not repeat. */
export function signatureOf(mask: Mask, box: Box): string | undefined {
  if (mask instanceof Union || mask instanceof Intersection) {
    const left = signatureOf(mask.left, box);
    const right = left === undefined ? undefined : signatureOf(mask.right, box);
    return right === undefined ? undefined : `(${left}${mask instanceof Union ? '|' : '&'}${right})`;
  }
  if (mask instanceof Complement) {
    const of = signatureOf(mask.of, box);
    return of === undefined ? undefined : `!${of}`;
  }
  const own = mask.signature(box);
  return own === undefined ? undefined : `${leafName(mask)}:${own}`;
}

abstract class Composite implements Mask {
  abstract narrow(box: Box): Mask;
  abstract word(row: number, column: number): number;

  classify(box: Box): Coverage {
    const rest = this.narrow(box);
    return rest === NOTHING ? 'empty' : rest === EVERYTHING ? 'full' : 'mixed';
  }

  signature(box: Box): string | undefined {
    return signatureOf(this.narrow(box), box);
  }
}

class Union extends Composite {
  constructor(
    readonly left: Mask,
    readonly right: Mask,
  ) {
    super();
  }

  narrow(box: Box): Mask {
    const left = narrow(this.left, box);
    if (left === EVERYTHING) return left;
    const right = narrow(this.right, box);
    if (right === EVERYTHING || left === NOTHING) return right;
    if (right === NOTHING) return left;
    return left === this.left && right === this.right ? this : new Union(left, right);
  }

  word(row: number, column: number): number {
    return this.left.word(row, column) | this.right.word(row, column);
  }
}

class Intersection extends Composite {
  constructor(
    readonly left: Mask,
    readonly right: Mask,
  ) {
    super();
  }

  narrow(box: Box): Mask {
    const left = narrow(this.left, box);
    if (left === NOTHING) return left;
    const right = narrow(this.right, box);
    if (right === NOTHING || left === EVERYTHING) return right;
    if (right === EVERYTHING) return left;
    return left === this.left && right === this.right ? this : new Intersection(left, right);
  }

  word(row: number, column: number): number {
    return this.left.word(row, column) & this.right.word(row, column);
  }
}

class Complement extends Composite {
  constructor(readonly of: Mask) {
    super();
  }

  narrow(box: Box): Mask {
    const of = narrow(this.of, box);
    if (of === NOTHING) return EVERYTHING;
    if (of === EVERYTHING) return NOTHING;
    return of === this.of ? this : new Complement(of);
  }

  word(row: number, column: number): number {
    return ~this.of.word(row, column);
  }
}

/** Pairs of either mask. */
export function union(left: Mask, right: Mask): Mask {
  return new Union(left, right);
}

/** Pairs of both masks. */
export function intersection(left: Mask, right: Mask): Mask {
  return new Intersection(left, right);
}

/** Pairs of the first mask that are not in the second. */
export function difference(left: Mask, right: Mask): Mask {
  return new Intersection(left, new Complement(right));
}

/** All other pairs of the sequence. */
export function complement(of: Mask): Mask {
  return new Complement(of);
}
