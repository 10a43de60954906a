/**
 * The intermediate representation: what a `.sparse` declaration means, as plain JSON.
 *
 * The language server lowers text to it; everything in the runtime starts from it. Numbers stay symbolic
 * (`n`, `head`, `layer` are looked up when a pattern is bound to a shape), so one lowered pattern can be
 * drawn, counted and run at any length, layer and head without asking the server again.
 */

/** Where in a source file something came from: character offsets, end exclusive. */
export interface Span {
  readonly uri: string;
  readonly start: number;
  readonly end: number;
}

/** Names of the surroundings that any number may read. */
export type ShapeName = 'n' | 'head' | 'layer' | 'heads' | 'layers';

export type BinaryOperator = '+' | '-' | '*' | '/' | '%' | '**' | '<' | '<=' | '>' | '>=' | '==' | '!=' | '&&' | '||';

export const FUNCTION_NAMES = ['min', 'max', 'abs', 'floor', 'ceil', 'sqrt', 'log2'] as const;
export type FunctionName = (typeof FUNCTION_NAMES)[number];

/** A number or a truth value (1 and 0) that may depend on the shape and, inside `where`, on the pair. */
export type NumberExpression =
  | { readonly op: 'number'; readonly value: number }
  /**
   * `grid` says on which grid `n` was read: 0 is the sequence, 1 the blocks of the outermost `blocked(...)`
   * around the place where the name stands, and so on. It is 0 for the other names.
   */
  | { readonly op: 'shape'; readonly name: ShapeName; readonly grid: number }
  /** The query (`i`) or key (`j`) position; only inside `where`. */
  | { readonly op: 'pair'; readonly name: 'i' | 'j' }
  /** A parameter or constant of the file: its name is kept for symbolic complexity and labels. */
  | { readonly op: 'named'; readonly name: string; readonly value: NumberExpression }
  | { readonly op: 'negate' | 'not'; readonly of: NumberExpression }
  | {
      readonly op: 'binary';
      readonly operator: BinaryOperator;
      readonly left: NumberExpression;
      readonly right: NumberExpression;
    }
  | {
      readonly op: 'choose';
      readonly condition: NumberExpression;
      readonly then: NumberExpression;
      readonly otherwise: NumberExpression;
    }
  | { readonly op: 'call'; readonly name: FunctionName; readonly args: readonly NumberExpression[] };

/** An element of a position list: one position, or the half-open range `from..to`. Negative counts from the end. */
export type PositionItem =
  | { readonly at: NumberExpression }
  | { readonly from: NumberExpression; readonly to: NumberExpression };

/**
 * The contents of a mask file, so that a pattern needs no file once it was lowered. `packMask` makes it, `unpackMask`
 * reads it.
 */
export interface MaskData {
  /** Path as the file has it, for people. */
  readonly name: string;
  /** The call that chose these pairs by content; absent for what a file holds. */
  readonly chosenBy?: string;
  /** Heads that have a mask of their own; null when one mask is for all. */
  readonly heads: number | null;
  /** Rows and columns of each mask. */
  readonly tokens: number;
  /** Stands for heads, tokens and bits where patterns are compared: keys of caches take it in the place of `bits`. */
  readonly hash: string;
  /** Base64 of the deflated bits: [heads][tokens][ceil(tokens / 32)] little-endian words, bit c of word w is key 32 w + c. */
  readonly bits: string;
}

/** An argument of a primitive. */
export type Argument =
  | { readonly type: 'number'; readonly value: NumberExpression; readonly span?: Span }
  | { readonly type: 'bool'; readonly value: NumberExpression; readonly span?: Span }
  /** `name`: the parameter or constant the list came through, for symbolic complexity. */
  | {
      readonly type: 'positions';
      readonly items: readonly PositionItem[];
      readonly name?: string;
      readonly span?: Span;
    }
  /** Whole numbers or truth values that are no positions; `single`: one value without brackets. */
  | {
      readonly type: 'values';
      readonly items: readonly PositionItem[];
      readonly single: boolean;
      readonly name?: string;
      readonly span?: Span;
    }
  | { readonly type: 'string'; readonly value: string; readonly span?: Span }
  /** What a file holds that a string names. */
  | { readonly type: 'mask'; readonly value: MaskData; readonly span?: Span }
  | { readonly type: 'pattern'; readonly value: Pattern; readonly span?: Span };

/**
 * Fields that say nothing about what a pattern means: where it was written, and bits that a hash stands for. What
 * remembers by pattern leaves them out of its keys.
 */
export const BESIDE_MEANING: ReadonlySet<string> = new Set(['span', 'bits']);

/** A set of pairs (query i, key j) for each shape. */
export type Pattern =
  /** `args` holds what was written, by parameter name; absent parameters take the registry's defaults. */
  | {
      readonly kind: 'primitive';
      readonly name: string;
      readonly args: Readonly<Record<string, Argument>>;
      readonly span?: Span;
    }
  | {
      readonly kind: 'union' | 'intersection' | 'difference';
      readonly left: Pattern;
      readonly right: Pattern;
      readonly span?: Span;
    }
  | { readonly kind: 'complement'; readonly of: Pattern; readonly span?: Span }
  | {
      readonly kind: 'choose';
      readonly condition: NumberExpression;
      readonly then: Pattern;
      readonly otherwise: Pattern;
      readonly span?: Span;
    }
  | { readonly kind: 'where'; readonly condition: NumberExpression; readonly text: string; readonly span?: Span }
  /** A call of a pattern declared in a file; `span` is the call. */
  | { readonly kind: 'named'; readonly name: string; readonly pattern: Pattern; readonly span?: Span };

export type Dtype = 'f32' | 'f16' | 'bf16';

/** One `attention` rule of a model: the pattern of every (layer, head) it names. */
export interface Rule {
  readonly layers: readonly number[];
  readonly heads: readonly number[];
  readonly pattern: Pattern;
  readonly span?: Span;
}

/**
 * What can be previewed, run and exported: a model, or a bare pattern seen as a model with one rule.
 * Later rules override earlier ones.
 */
export interface Model {
  readonly name: string;
  readonly kind: 'model' | 'pattern';
  /** Keys of the sequence; null for a bare pattern, whose length the user picks. */
  readonly tokens: number | null;
  /** Query rows; null means as many as tokens. */
  readonly queries: number | null;
  /** `end`: query row r sits at position r + tokens - queries; `start`: at position r. */
  readonly align: 'start' | 'end';
  readonly layers: number;
  readonly heads: number;
  readonly kvHeads: number;
  /** null when the file does not say. */
  readonly headDim: number | null;
  readonly dtype: Dtype;
  readonly batch: number;
  /** true intersects every rule with `causal()`. */
  readonly causal: boolean;
  readonly rules: readonly Rule[];
}
