import type { MaskData, NumberExpression, Pattern, Span } from './ir.ts';
import type { Mask } from './mask.ts';
import type { PositionSet } from './position-set.ts';
import type { Shape } from './shape.ts';

/** Types of parameters, as a file may write them. */
export type ParameterType =
  | 'number'
  | 'bool'
  | 'positions'
  /** Whole numbers or truth values: a list, or a single one. Not positions: negative ones are just negative. */
  | 'values'
  | 'string'
  | 'pattern';

/** One parameter of a primitive, with all that the editor, the command line and the checks need to know. */
export interface Parameter {
  readonly name: string;
  readonly type: ParameterType;
  /** What the number counts: `keys`, `tokens`, `blocks`, `positions`... */
  readonly unit?: string;
  /** One sentence. */
  readonly documentation: string;
  /** Default as a file would write it: a number, `true`, `false`, `n`, `full()` or `causal()`. Absent: required, unless `optional`. */
  readonly default?: string;
  /** May be left out although it has no default (the primitive says what that means). */
  readonly optional?: boolean;
  /** A pattern that is evaluated on a coarser grid: in it `n`, sizes and positions count blocks. */
  readonly onGrid?: boolean;
  /** A string that names a mask file, relative to the file it stands in; the argument becomes what that file holds. */
  readonly isMaskFile?: boolean;
  /** Where it is written, the mask may be another in every head and layer. */
  readonly perHead?: boolean;
  /** Whole numbers only. */
  readonly integer?: boolean;
  /** Smallest allowed value. */
  readonly min?: number;
}

/** What a primitive is given when it is bound: its arguments at the shape, defaults filled in. */
export interface BoundArguments {
  /** Was this argument written in the file? */
  has(name: string): boolean;
  number(name: string): number;
  bool(name: string): boolean;
  string(name: string): string;
  /** What the mask file holds that the argument names. */
  mask(name: string): MaskData;
  /** Positions inside the sequence, negative ones already counted from the end. */
  positions(name: string): PositionSet;
  /** Whole numbers (truth values as 1 and 0) as listed; `single` when one value was given without brackets. */
  values(name: string): { readonly values: readonly number[]; readonly single: boolean };
  pattern(name: string): Pattern;
  /** A PatternError that points at one argument (or at the whole call when `name` is undefined). */
  error(name: string | undefined, message: string): PatternError;
  /** Binds another pattern, e.g. on the grid of blocks. */
  bind(pattern: Pattern, shape: Shape): Mask;
}

/** A product of powers, e.g. `n**2 * stride**-1`: one summand of a symbolic cost. */
export interface Term {
  /** Exponent of n. */
  readonly n: number;
  /** Exponent of log2(n). */
  readonly log: number;
  /** Exponents of the file's own names. */
  readonly factors: Readonly<Record<string, number>>;
}

/** What `terms` may ask about the arguments. */
export interface SymbolicArguments {
  /** The argument as a product: its own name in the file, or the parameter's name when it is a plain number. */
  term(name: string): Term;
  /** How many values the argument lists; 1 for a single one or none. */
  length(name: string): number;
  /** The terms of a pattern argument. */
  terms(name: string): readonly Term[];
  /** The argument's number expression, or undefined when it is absent or no number. */
  expression(name: string): NumberExpression | undefined;
}

/**
 * A primitive: one object that says everything there is to know about one building block of the language.
 * The language server, the command line, the reference page and the compiler all read it.
 */
export interface Primitive {
  readonly name: string;
  /** One line of Markdown. */
  readonly summary: string;
  /** When (i, j) is allowed, in the notation of the language. */
  readonly condition: string;
  /** Edge behaviour and choices made where the source is silent (Markdown); may be empty. */
  readonly details: string;
  /** Where the idea comes from, e.g. `Beltagy et al., Longformer, 2020`. Empty for the elementary ones. */
  readonly source: string;
  readonly parameters: readonly Parameter[];
  /** Snippet bodies for completion, e.g. `window(${1:512})`; one for each form of the call. */
  readonly snippets: readonly string[];
  /** An expression that can be pasted, e.g. `window(512)`. */
  readonly example: string;
  /**
   * The mask at a shape; of a primitive that selects by content, the candidates it selects from. Throws PatternError
   * for values that are out of range there.
   */
  bind(args: BoundArguments, shape: Shape): Mask;
  /** Beside another operand of `&` it only says which part of the square is meant: no entry of its own in a legend. */
  readonly limits?: boolean;
  /** Present when keys are chosen by content, when attention runs. */
  readonly selects?: {
    /** Most pairs that it can select at a shape, whatever its candidates are. */
    most(args: BoundArguments, shape: Shape): number;
  };
  /** Symbolic number of pairs. */
  terms(args: SymbolicArguments): readonly Term[];
}

/**
 * A pattern that has no meaning at a shape: a value out of range, a position past the end, a fractional size.
 * `span` is the narrowest place in the file, where one is known.
 */
export class PatternError extends Error {
  /** Stable: `argument-range`, `argument-integer`, `position-range`, `argument-missing`, `argument-type`, `unknown-primitive`, `shape`, `mask-shape`, `dynamic`. */
  readonly code: string;
  readonly span: Span | undefined;
  /** True when another sequence length might be fine: not an error of the pattern itself. */
  readonly dependsOnTokens: boolean;
  /** The only length at which this part has a meaning, where it says one (the product of a grid's extents). */
  readonly neededTokens: number | undefined;
  /** The only number of heads with which this part has a meaning, where it says one (a mask file with one mask for each). */
  readonly neededHeads: number | undefined;

  constructor(
    code: string,
    message: string,
    span?: Span,
    dependsOnTokens = false,
    neededTokens?: number,
    neededHeads?: number,
  ) {
    super(message);
    this.name = 'PatternError';
    this.code = code;
    this.span = span;
    this.dependsOnTokens = dependsOnTokens;
    this.neededTokens = neededTokens;
    this.neededHeads = neededHeads;
  }
}
