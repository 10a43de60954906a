import { buildMaskTree } from '../compile/mask-tree.ts';
import { compilePatternParts } from '../compile/pattern-parts.ts';
import { compilePlan, planOf } from '../compile/plan.ts';
import type { TilePlan } from '../compile/tile-plan.ts';
import { bindPattern } from '../pattern/bind.ts';
import type { Pattern } from '../pattern/ir.ts';
import type { Shape } from '../pattern/shape.ts';
import { exportCsr } from './csr.ts';
import { type FormatName, formatNames } from './format-names.ts';
import { summarise, writeSummary } from './json.ts';
import { exportNpy } from './npy.ts';
import { exportSafetensors } from './safetensors.ts';

/** One mask to export: a pattern at a shape, with what a file should say about it. */
export interface ExportRequest {
  /** The pattern or model as the file calls it. */
  readonly name: string;
  /** Text of the file, which formats with metadata carry along; undefined when there is none. */
  readonly source: string | undefined;
  readonly pattern: Pattern;
  readonly shape: Shape;
  /** Asked now and then; throwing stops the export. */
  readonly checkpoint?: () => void;
}

/** A format and how its files are written. The editor and the command line read the same list. */
export interface ExportFormat extends FormatName {
  /**
   * The bytes of the file, the same for the same request. Throws PatternError when the pattern has no meaning at the
   * shape, CompileError when it is too large to compile and ExportSizeError when the file would be too large.
   */
  write(request: ExportRequest): Uint8Array;
}

const writers: Readonly<Record<FormatName['id'], ExportFormat['write']>> = {
  npy: request => exportNpy(planOfRequest(request)),
  csr: request => exportCsr(planOfRequest(request)),
  safetensors: request => exportSafetensors(partsOf(request), metadataOf(request)),
  json: request => writeSummary(summarise(request, limits(request))),
};

/** Every format, in the order in which lists show them. */
export const formats: readonly ExportFormat[] = formatNames.map(name => ({ ...name, write: writers[name.id] }));

const ALIASES: Readonly<Record<string, string>> = { npz: 'csr' };

/** The format of that id; `npz` is another word for `csr`. */
export function formatOf(id: string): ExportFormat | undefined {
  const name = Object.hasOwn(ALIASES, id) ? ALIASES[id] : id;
  return formats.find(format => format.id === name);
}

function planOfRequest(request: ExportRequest): TilePlan {
  const { pattern, shape } = request;
  return compilePlan(bindPattern(pattern, shape), shape, limits(request));
}

/** Plans that list more tiles than this are written in the orders of tokens that need fewer, where there are some. */
const LONG_LIST = 2 ** 20;

function partsOf(request: ExportRequest): readonly TilePlan[] {
  const { pattern, shape } = request;
  const mask = bindPattern(pattern, shape);
  const tree = buildMaskTree(mask, shape, limits(request));
  const tiles = (tree.root?.fullTiles ?? 0) + (tree.root?.partialTiles ?? 0);
  return tiles > LONG_LIST ? compilePatternParts(pattern, shape, limits(request)) : [planOf(tree)];
}

/** What the tile plan is the plan of; everything in metadata is text. */
function metadataOf({ name, source, shape }: ExportRequest): Record<string, string> {
  return {
    name,
    ...(source === undefined ? {} : { source }),
    tokens: String(shape.tokens),
    // Row r of the plan is the query at position offset + r.
    offset: String(shape.offset),
    layer: String(shape.layer),
    layers: String(shape.layers),
    head: String(shape.head),
    heads: String(shape.heads),
  };
}

function limits({ checkpoint }: ExportRequest): { checkpoint?: () => void } {
  return checkpoint === undefined ? {} : { checkpoint };
}
