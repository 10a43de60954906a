import { buildMaskTree } from '../compile/mask-tree.ts';
import { compilePatternParts } from '../compile/pattern-parts.ts';
import { planOf } from '../compile/plan.ts';
import type { TilePlan } from '../compile/tile-plan.ts';
import { bindPattern } from '../pattern/bind.ts';
import { type Contents, contentsOfBytes } from '../tensor/contents.ts';
import { exportBits } from './bits.ts';
import { exportBsr } from './bsr.ts';
import { exportC } from './c-header.ts';
import { exportCsr } from './csr.ts';
import { deepSpeedMisfit, exportDeepSpeed } from './deepspeed.ts';
import { exportFa4 } from './fa4.ts';
import { exportFlashInfer, flashInferMisfit } from './flashinfer.ts';
import { exportFlashInferVsa, flashInferVsaMisfit } from './flashinfer-vsa.ts';
import { exportFlashMask, flashMaskMisfit } from './flashmask.ts';
import { exportFlex } from './flex.ts';
import { type FormatName, formatNameOf, formatNames } from './format-names.ts';
import { planOfRequest } from './head-masks.ts';
import { exportHf, hfMisfit } from './hf.ts';
import { summarise, summaryContents } from './json.ts';
import { ExportFitError, type Misfit, misfitText } from './misfit.ts';
import { exportMitBlockSparse, mitMisfit } from './mit-block-sparse.ts';
import { exportDenseNpz, exportNpy } from './npy.ts';
import { exportOnnx } from './onnx.ts';
import { exportSvg, pictureOf } from './picture.ts';
import { exportReport } from './report.ts';
import type { Exported, ExportRequest } from './request.ts';
import { exportSafetensors } from './safetensors.ts';
import { exportSparge, spargeMisfit } from './sparge.ts';
import { exportSplash } from './splash.ts';
import { exportLayout, layoutMisfit } from './triton-layout.ts';
import { exportWgsl, wgslMisfit } from './wgsl.ts';

export type { Exported, ExportedFile, ExportRequest } from './request.ts';

/** A format and how its files are written. The editor and the command line read the same list. */
export interface ExportFormat extends FormatName {
  /** Why it cannot hold the masks of a request exactly; undefined when it can. Throws PatternError and CompileError. */
  misfit(request: ExportRequest): Misfit | undefined;
  /**
   * The files, the same bytes for the same request. Masks are compiled now, the bytes are made while they are read. Throws
   * ExportFitError when the masks are not exactly held and rounding was not asked for or is not possible, PatternError when the
   * pattern has no meaning at the shape, CompileError when it is too large to compile and ExportSizeError when it is more than
   * the format can hold.
   */
  write(request: ExportRequest): Exported;
}

interface Writer {
  readonly misfit?: (request: ExportRequest) => Misfit | undefined;
  readonly write: (request: ExportRequest) => Exported | Contents;
}

const writers: Readonly<Record<FormatName['id'], Writer>> = {
  npy: { write: exportNpy },
  'npz-dense': { write: exportDenseNpz },
  bits: { write: exportBits },
  csr: { write: request => exportCsr(planOfRequest(request)) },
  bsr: { write: exportBsr },
  safetensors: { write: request => exportSafetensors(partsOf(request), metadataOf(request)) },
  flex: { write: exportFlex },
  fa4: { write: exportFa4 },
  flashinfer: { misfit: flashInferMisfit, write: exportFlashInfer },
  'flashinfer-vsa': { misfit: flashInferVsaMisfit, write: exportFlashInferVsa },
  flashmask: { misfit: flashMaskMisfit, write: exportFlashMask },
  'mit-block-sparse': { misfit: mitMisfit, write: exportMitBlockSparse },
  sparge: { misfit: spargeMisfit, write: exportSparge },
  'triton-layout': { misfit: layoutMisfit, write: exportLayout },
  deepspeed: { misfit: deepSpeedMisfit, write: exportDeepSpeed },
  splash: { write: exportSplash },
  hf: { misfit: hfMisfit, write: exportHf },
  onnx: { write: exportOnnx },
  wgsl: { misfit: wgslMisfit, write: exportWgsl },
  c: { write: exportC },
  png: { write: request => contentsOfBytes(pictureOf(request).png) },
  svg: { write: request => contentsOfBytes(exportSvg(request)) },
  md: { write: exportReport },
  json: { write: request => summaryContents(summarise(request, limits(request))) },
};

/** Every format, in the order in which lists show them. */
export const formats: readonly ExportFormat[] = formatNames.map(formatWith);

/** The format of that id; `npz` is another word for `csr`. */
export function formatOf(id: string): ExportFormat | undefined {
  const name = formatNameOf(id);
  return name && formats.find(format => format.id === name.id);
}

function formatWith(name: FormatName): ExportFormat {
  const { misfit, write } = writers[name.id];
  const reasonAgainst = (request: ExportRequest): Misfit | undefined =>
    request.heads !== undefined && name.heads === 'one'
      ? { reason: 'it holds the mask of one head, not of all', roundable: false }
      : misfit?.(request);
  return {
    ...name,
    misfit: reasonAgainst,
    write: request => {
      const reason = reasonAgainst(request);
      if (reason !== undefined && !(reason.roundable && request.approximate === true))
        throw new ExportFitError(name.id, reason, exactFor(request, name));
      const written = write(request);
      return 'files' in written
        ? written
        : { files: [{ extension: name.extension, contents: written }], addedPairs: 0 };
    },
  };
}

/** Why a format cannot hold the masks of a request exactly, and whether it can allow whole blocks instead. */
export interface ToldMisfit {
  /** For people, with a pair that shows it. */
  readonly reason: string;
  readonly roundable: boolean;
}

/** Formats that cannot hold the masks of a request exactly, by id; those that can are not there. Throws PatternError and CompileError. */
export function misfitsOf(request: ExportRequest): Readonly<Record<string, ToldMisfit>> {
  const found: Record<string, ToldMisfit> = {};
  for (const { id, misfit } of formats) {
    const against = misfit(request);
    if (against !== undefined) found[id] = { reason: misfitText(against), roundable: against.roundable };
  }
  return found;
}

/** Ids of the formats that hold the masks of a request exactly. */
function exactFor(request: ExportRequest, without: FormatName): readonly string[] {
  return formats
    .filter(({ id, isReport }) => id !== without.id && isReport !== true)
    .filter(({ misfit }) => misfit(request) === undefined)
    .map(({ id }) => id);
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
