import { type Statistics, statistics } from '../analyse/statistics.ts';
import type { CompileOptions } from '../compile/mask-tree.ts';
import type { Pattern } from '../pattern/ir.ts';
import type { Shape } from '../pattern/shape.ts';
import { type Contents, contentsOfText } from '../tensor/contents.ts';

/**
 * Everything countable about one mask: the document that the JSON export holds and, without `source`, `stats --json` prints.
 * Beyond the fields here it holds those of `Statistics`: `tokens`, `queries`, `pairs`, `density` (0 to 1), `complexity`,
 * `keysPerQuery`, `emptyQueries`, `range` and `tiles`.
 */
export interface MaskSummary extends Statistics {
  /** Names the kind of document. */
  readonly format: 'sparse-attention/summary';
  /** Grows when a field changes its meaning or goes away; new fields do not change it. */
  readonly version: 1;
  /** The pattern or model as the file calls it. */
  readonly name: string;
  /** Text of the file, or null when the pattern came from elsewhere. */
  readonly source: string | null;
  /** 0-based layer and how many there are. */
  readonly layer: number;
  readonly layers: number;
  /** 0-based head and how many there are. */
  readonly head: number;
  readonly heads: number;
  /** Position of query row 0: row r of the mask is the query at position offset + r. */
  readonly offset: number;
}

/** What is summarised. */
export interface SummarySubject {
  readonly name: string;
  readonly source: string | undefined;
  readonly pattern: Pattern;
  readonly shape: Shape;
}

/**
 * Counts a mask and says what it is the mask of.
 * Throws PatternError when the pattern has no meaning at the shape and CompileError when it is too large to count.
 */
export function summarise(subject: SummarySubject, options: CompileOptions = {}): MaskSummary {
  const { name, source, pattern, shape } = subject;
  return {
    format: 'sparse-attention/summary',
    version: 1,
    name,
    source: source ?? null,
    layer: shape.layer,
    layers: shape.layers,
    head: shape.head,
    heads: shape.heads,
    offset: shape.offset,
    ...statistics(pattern, shape, options),
  };
}

/** A summary as the contents of a file: UTF-8, indented, with a final line break. */
export function summaryContents(summary: MaskSummary): Contents {
  return contentsOfText(`${jsonText(summary)}\n`);
}

/** Marks whole numbers that a double may not hold; nobody's text begins with it. */
const WHOLE = '\ue000';

/** Indented JSON in which bigints are numbers. */
export function jsonText(value: unknown): string {
  const marked = JSON.stringify(value, (_, each: unknown) => (typeof each === 'bigint' ? `${WHOLE}${each}` : each), 2);
  // JSON has whole numbers of any size; only JavaScript has no way to write them.
  return marked.replaceAll(new RegExp(`"${WHOLE}(\\d+)"`, 'g'), '$1');
}
