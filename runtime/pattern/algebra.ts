import type { Box, Coverage, Mask } from './mask.ts';

/** Holds no pair. */
export const NOTHING: Mask = { classify: () => 'empty', word: () => 0, signature: () => '' };
/** Holds every pair. */
export const EVERYTHING: Mask = { classify: () => 'full', word: () => -1, signature: () => '' };

const leafNames = new WeakMap<object, number>();
let nextLeaf = 0;

/** A number for a leaf mask or its kin, so that signatures of different leaves never meet. */
function leafName(mask: Mask): number {
  const kin = mask.kin ?? mask;
  let name = leafNames.get(kin);
  if (name === undefined) {
    name = nextLeaf++;
    leafNames.set(kin, name);
  }
  return name;
}

/**
 * The mask as far as it matters inside a box: operands that are empty or full there are folded away, so that the
 * deeper the compiler descends, the less it has to ask.
 */
export function narrow(mask: Mask, box: Box): Mask {
  if (mask === NOTHING || mask === EVERYTHING) return mask;
  if (mask.narrow !== undefined) return mask.narrow(box);
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

/** What narrowing to a box has left of a mask. */
export function coverageOf(narrowed: Mask): Coverage {
  return narrowed === NOTHING ? 'empty' : narrowed === EVERYTHING ? 'full' : 'mixed';
}

abstract class Composite implements Mask {
  abstract narrow(box: Box): Mask;
  abstract word(row: number, column: number): number;

  classify(box: Box): Coverage {
    return coverageOf(this.narrow(box));
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

/** What becomes of the parts of an expression. */
export interface MaskFold<T> {
  /** A mask that is no union, intersection or complement. */
  leaf(mask: Mask): T;
  union(left: T, right: T): T;
  intersection(left: T, right: T): T;
  complement(of: T): T;
}

/** What an expression of unions, intersections and complements comes to, from its leaves up. */
export function foldMask<T>(mask: Mask, into: MaskFold<T>): T {
  if (mask instanceof Union) return into.union(foldMask(mask.left, into), foldMask(mask.right, into));
  if (mask instanceof Intersection) return into.intersection(foldMask(mask.left, into), foldMask(mask.right, into));
  return mask instanceof Complement ? into.complement(foldMask(mask.of, into)) : into.leaf(mask);
}

/**
 * The same algebra over other leaves, for maps that keep unions, intersections and complements: the image of a union is
 * the union of the images. The compiler can then fold away what does not matter in a box, which it could not inside.
 */
export function overLeaves(mask: Mask, image: (leaf: Mask) => Mask): Mask {
  return foldMask(mask, {
    leaf: leaf => (leaf === NOTHING || leaf === EVERYTHING ? leaf : image(leaf)),
    union,
    intersection,
    complement,
  });
}

/** Masks whose union is the given one, as many as unions inside intersections allow; just the mask beyond `most`. */
export function unionTerms(mask: Mask, most = 16): readonly Mask[] {
  const terms = termsOf(mask, most);
  return terms.length <= most ? terms : [mask];
}

function termsOf(mask: Mask, most: number): readonly Mask[] {
  if (mask instanceof Union) return [...unionTerms(mask.left, most), ...unionTerms(mask.right, most)];
  if (!(mask instanceof Intersection)) return [mask];
  const left = unionTerms(mask.left, most);
  const right = unionTerms(mask.right, most);
  if (left.length === 1 && right.length === 1) return [mask];
  return left.flatMap(a => right.map(b => new Intersection(a, b)));
}

/** The masks that an expression of unions, intersections and complements is made of. */
export function leavesOf(mask: Mask): readonly Mask[] {
  const both = (left: readonly Mask[], right: readonly Mask[]): readonly Mask[] => [...left, ...right];
  return foldMask<readonly Mask[]>(mask, {
    leaf: leaf => [leaf],
    union: both,
    intersection: both,
    complement: of => of,
  });
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
