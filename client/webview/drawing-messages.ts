import type { Comparison } from '../../runtime/analyse/compare.ts';
import type { ModelCost } from '../../runtime/analyse/cost.ts';
import type { Estimate } from '../../runtime/analyse/estimate.ts';
import type { LibraryFit } from '../../runtime/analyse/fit.ts';
import type { FlowReport } from '../../runtime/analyse/flow-report.ts';
import type { ReceptiveField } from '../../runtime/analyse/receptive-field.ts';
import type { Recognised } from '../../runtime/analyse/recognise.ts';
import type { RowSpread, RowStretch } from '../../runtime/analyse/row-spread.ts';
import type { PairsAtLength } from '../../runtime/analyse/scaling.ts';
import type { Statistics } from '../../runtime/analyse/statistics.ts';
import type { Waste } from '../../runtime/analyse/waste.ts';
import type { Count } from '../../runtime/compile/count.ts';
import type { Palette } from '../../runtime/draw/palette.ts';
import type { TileRange } from '../../runtime/draw/tile-cover.ts';
import type { Span } from '../../runtime/pattern/ir.ts';
import type { SampleContent } from './content/sample-content.ts';
import type { HeadMasks, MaskClass } from './heads.ts';
import type { TilePlace } from './mask/tile.ts';
import type { MaskChoice } from './mask-choice.ts';
import type { PictureFile } from './save/picture-choice.ts';

/** A part of the legend with its own numbers. */
export interface MeasuredPart {
  readonly label: string;
  readonly span: Span | undefined;
  /** Pairs of the mask that this part holds (others may hold them too). */
  readonly pairs: Count;
}

/** A mask that was counted. */
export interface Counted {
  readonly statistics: Statistics;
  readonly parts: readonly MeasuredPart[];
}

/** One with a condition that is too irregular to be counted. */
export interface Estimated {
  readonly estimate: Estimate;
  readonly tokens: number;
  readonly queries: number;
  readonly complexity: string;
}

export type Measurement = Counted | Estimated;

/** What the whole model costs, and how tiles fit the mask; null where it is chosen by content or too irregular. */
export interface CostAnswer {
  readonly cost: ModelCost;
  readonly waste: Waste | null;
}

export type FlowAnswer = FlowReport;

/** Keys of each query: how many queries have how many, and along the sequence. */
export interface RowsAnswer {
  readonly spread: RowSpread;
  readonly stretches: readonly RowStretch[];
}

/** The mask that is shown at other lengths. */
export interface ScalingAnswer {
  readonly name: string;
  readonly headDim: number;
  /** Of its parts. */
  readonly labels: readonly string[];
  readonly lengths: readonly PairsAtLength[];
}

/** The published design that the mask is, if it is one. */
export type DesignAnswer = Pick<Recognised, 'title' | 'text' | 'module'> | null;

/** Which mask is drawn, in which colours. */
export interface Drawn {
  readonly choice: MaskChoice;
  /** Present: what only the first, only this one, and both hold is drawn, instead of the primitives. */
  readonly against?: MaskChoice;
  readonly palette: Palette;
}

/** Something will be wanted soon: a worker that has drawn before is quicker. */
export interface WarmUp {
  readonly warm: true;
}

/** Which tiles the page wants from now on; takes the place of what it wanted before. */
export interface TilesWanted {
  /** Counts what is wanted; the worker says at once that it heard. */
  readonly seq: number;
  /** Stands for what is drawn. */
  readonly id: number;
  readonly drawn: Drawn;
  /** Tiles of it that have arrived: the others that were sent are on their way. */
  readonly received: number;
  /** Those that are not there, the most wanted first. */
  readonly missing: readonly TilePlace[];
  /** Those of which a longer look would make better ones, for when all are there. */
  readonly improvable: readonly TilePlace[];
}

export interface DrawnTile {
  readonly place: TilePlace;
  /** RGBA, [TILE_SIDE][TILE_SIDE][4] */
  readonly pixels: Uint8ClampedArray<ArrayBuffer>;
  /** Does it show densities of sampled rows? */
  readonly approximate: boolean;
  /** Would a longer look make a better tile? It follows. */
  readonly mayImprove: boolean;
}

/** What the worker tells that draws tiles. */
export type FromDrawer =
  | { readonly kind: 'heard'; readonly seq: number }
  | { readonly kind: 'tile'; readonly id: number; readonly tile: DrawnTile }
  | { readonly kind: 'failed'; readonly id: number; readonly message: string };

/** Questions about the mask that is shown and nothing else: sections ask them again whenever it changes. */
export type Inquiry = 'measure' | 'rows' | 'scaling' | 'design' | 'fit' | 'cost' | 'flow';

/** What the page asks of a drawing worker; each kind has its own answer. */
export type DrawingRequest =
  | { readonly kind: Inquiry; readonly choice: MaskChoice }
  | { readonly kind: 'heads'; readonly choice: MaskChoice; readonly palette: Palette }
  /** The small picture of a mask whose keys are chosen by content, for made-up data. */
  | { readonly kind: 'sampleThumbnail'; readonly choice: MaskChoice; readonly palette: Palette }
  | { readonly kind: 'tiles'; readonly choice: MaskChoice; readonly range: TileRange }
  /** The mask as a file. */
  | { readonly kind: 'picture'; readonly drawn: Drawn; readonly choice: PictureFile }
  | { readonly kind: 'compare'; readonly choice: MaskChoice; readonly against: MaskChoice }
  /** A shortest way on which position `query` hears of `key` through the layers of the model. */
  | { readonly kind: 'way'; readonly choice: MaskChoice; readonly query: number; readonly key: number }
  /** What position `query` hears of as layers are stacked. */
  | { readonly kind: 'field'; readonly choice: MaskChoice; readonly query: number }
  /** Choose keys on made-up data. */
  | { readonly kind: 'choose'; readonly choice: MaskChoice };

export interface DrawingAnswers {
  readonly measure: Measurement;
  readonly rows: RowsAnswer;
  readonly scaling: ScalingAnswer;
  readonly design: DesignAnswer;
  readonly fit: readonly LibraryFit[];
  readonly cost: CostAnswer;
  readonly flow: FlowAnswer;
  readonly heads: HeadMasks;
  readonly sampleThumbnail: Omit<MaskClass, 'layer' | 'head'>;
  readonly tiles: Uint8Array<ArrayBuffer>;
  /** Positions, both ends included; null when there is no way. */
  readonly way: readonly number[] | null;
  readonly picture: Uint8Array<ArrayBuffer>;
  readonly compare: Comparison;
  readonly field: ReceptiveField;
  readonly choose: SampleContent;
}

export interface ToWorker {
  readonly id: number;
  readonly request: DrawingRequest;
}

export type FromWorker =
  | { readonly id: number; readonly ok: true; readonly answer: DrawingAnswers[keyof DrawingAnswers] }
  | { readonly id: number; readonly ok: false; readonly message: string };
