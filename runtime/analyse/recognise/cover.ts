import { buildMaskTree, CompileError, type CompileOptions, type MaskTree } from '../../compile/mask-tree.ts';
import { bindPattern } from '../../pattern/bind.ts';
import { PatternError } from '../../pattern/primitive.ts';
import type { Shape } from '../../pattern/shape.ts';
import { isContained, sameTrees } from '../compare.ts';
import { patternOf, textOf } from './expression.ts';
import { rangesOf } from './intervals.ts';
import { expressionOf, type Part, type Whole } from './parts.ts';

/** Up to this length, lists of positions are tried without each of their ranges. */
const MAX_TRIED = 2 ** 16;
const MAX_TRIED_RANGES = 8;

/** Explains a mask as a union of parts, by compiling them. */
export class Cover {
  readonly #mask: MaskTree;
  readonly #shape: Shape;
  readonly #causal: boolean;
  readonly #options: CompileOptions;
  readonly #trees = new Map<Part, MaskTree | undefined>();
  readonly #accepted: Part[] = [];
  #union: MaskTree | undefined;

  /** `shape` is square. `causal`: every part is cut to the past. */
  constructor(mask: MaskTree, shape: Shape, causal: boolean, options: CompileOptions) {
    this.#mask = mask;
    this.#shape = shape;
    this.#causal = causal;
    this.#options = options;
  }

  get parts(): readonly Part[] {
    return this.#accepted;
  }

  /** What all parts that were accepted hold together; undefined while there is none. */
  get union(): MaskTree | undefined {
    return this.#union;
  }

  get isComplete(): boolean {
    return (this.#union?.root?.pairs ?? 0) === (this.#mask.root?.pairs ?? 0);
  }

  /** A part that is the mask by itself, of several the one that is said in the fewest words. */
  single(parts: readonly Part[]): Whole | undefined {
    const all = parts
      .filter(part => this.#treeOf(part)?.root?.pairs === this.#mask.root?.pairs && this.#isWithin(part))
      .toSorted((a, b) => this.#lengthOf(a) - this.#lengthOf(b));
    const [shortest] = all;
    return shortest === undefined ? undefined : this.#wholeOf([shortest]);
  }

  /** Does another explanation hold exactly the pairs of the mask? */
  isWhole(whole: Whole): boolean {
    const tree = compileWhole(whole, this.#shape, this.#options);
    return tree !== undefined && sameTrees(tree, this.#mask);
  }

  /** Takes the parts that lie within the mask and add to what is there, until nothing lacks. */
  offer(parts: Iterable<Part>): void {
    for (const part of parts) {
      if (this.isComplete) return;
      const tree = this.#treeOf(part);
      if (tree === undefined || tree.root === null || !this.#isWithin(part)) continue;
      if (this.#union !== undefined && isContained(tree, this.#union)) continue;
      const union = this.#accepted.length === 0 ? tree : this.#compile([...this.#accepted, part]);
      if (union === undefined) continue;
      this.#accepted.push(part);
      this.#union = union;
    }
  }

  /** The parts that are needed; undefined when they do not make up the mask. */
  whole(): Whole | undefined {
    if (!this.isComplete) return undefined;
    let parts: readonly Part[] = [...this.#accepted];
    // What takes longest to say goes first.
    for (const part of parts.toSorted((a, b) => this.#lengthOf(b) - this.#lengthOf(a))) {
      const others = parts.filter(other => other !== part);
      if (others.length > 0 && this.#isAll(others)) parts = others;
    }
    return this.#wholeOf(this.#tightened(this.#withShortLists(parts)));
  }

  /** Parts that say more than is needed beside the others, told in the usual way. */
  #tightened(parts: readonly Part[]): readonly Part[] {
    let tight = parts;
    const replace = (part: Part, ...by: readonly Part[]): boolean => {
      const tried = tight.flatMap(each => (each === part ? by : [each]));
      const fits = this.#isAll(tried);
      if (fits) tight = tried;
      return fits;
    };
    for (const part of parts.length > 1 ? parts : []) {
      if (part.kind === 'global') {
        // In the past, the first tokens are seen and the last ones see.
        const [head, ...tail] = rangesOf(part.tokens);
        replace(part, { ...part, kind: 'rows' }) ||
          replace(part, { ...part, kind: 'columns' }) ||
          (this.#causal &&
            head !== undefined &&
            tail.length > 0 &&
            replace(part, { kind: 'columns', tokens: head }, { kind: 'rows', tokens: tail.flat() }));
      }
      // The first distance beyond a window may belong to another part.
      if (part.kind === 'band' && part.before > 0)
        replace(part, { ...part, before: part.before - 1, after: Math.max(0, part.after - 1) }) ||
          replace(part, { ...part, before: part.before - 1 });
    }
    return tight;
  }

  /** Without the ranges of lists that others hold anyway. */
  #withShortLists(parts: readonly Part[]): readonly Part[] {
    if (this.#shape.tokens > MAX_TRIED) return parts;
    let short = parts;
    for (const part of parts) {
      if (!('tokens' in part) || part.tokens.length > 2 * MAX_TRIED_RANGES) continue;
      let current = part;
      for (const [from] of rangesOf(part.tokens)) {
        const tokens = rangesOf(current.tokens)
          .filter(each => each[0] !== from)
          .flat();
        if (tokens.length === 0) continue;
        const without = { ...current, tokens };
        const tried = short.map(each => (each === current ? without : each));
        if (!this.#isAll(tried)) continue;
        short = tried;
        current = without;
      }
    }
    return short;
  }

  #treeOf(part: Part): MaskTree | undefined {
    if (!this.#trees.has(part)) this.#trees.set(part, this.#compile([part]));
    return this.#trees.get(part);
  }

  #isWithin(part: Part): boolean {
    const tree = this.#treeOf(part);
    return tree !== undefined && isContained(tree, this.#mask);
  }

  /** How much there is to say. A grid of fewer axes is plainer, however large its numbers. */
  #lengthOf(part: Part): number {
    const axes = 'extents' in part ? part.extents.length : 0;
    return 1000 * axes + textOf(expressionOf(this.#wholeOf([part]))).length;
  }

  #isAll(parts: readonly Part[]): boolean {
    return this.#compile(parts)?.root?.pairs === this.#mask.root?.pairs;
  }

  #wholeOf(parts: readonly Part[]): Whole {
    return { parts, causal: this.#causal, n: this.#shape.tokens };
  }

  #compile(parts: readonly Part[]): MaskTree | undefined {
    return compileWhole(this.#wholeOf(parts), this.#shape, this.#options);
  }
}

/** The tree of a whole at a square shape, or undefined where it has no meaning or is too large. */
function compileWhole(whole: Whole, shape: Shape, options: CompileOptions): MaskTree | undefined {
  try {
    const pattern = patternOf(expressionOf(whole), shape.outer?.length ?? 0);
    return buildMaskTree(bindPattern(pattern, shape), shape, options);
  } catch (error) {
    if (error instanceof CompileError || error instanceof PatternError) return undefined;
    throw error;
  }
}
