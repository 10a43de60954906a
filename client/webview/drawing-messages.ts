import type { ModelCost } from '../../runtime/analyse/cost.ts';
import type { Estimate } from '../../runtime/analyse/estimate.ts';
import type { LibraryFit } from '../../runtime/analyse/fit.ts';
import type { FlowReport } from '../../runtime/analyse/flow-report.ts';
import type { Recognised } from '../../runtime/analyse/recognise.ts';
import type { RowSpread, RowStretch } from '../../runtime/analyse/row-spread.ts';
import type { PairsAtLength } from '../../runtime/analyse/scaling.ts';
import type { Statistics } from '../../runtime/analyse/statistics.ts';
import type { Waste } from '../../runtime/analyse/waste.ts';
import type { PlanParts } from '../../runtime/attention/types.ts';
import type { Count } from '../../runtime/compile/count.ts';
import type { Palette } from '../../runtime/draw/palette.ts';
import type { View } from '../../runtime/draw/raster.ts';
import type { TileRange } from '../../runtime/draw/tile-cover.ts';
import type { Span } from '../../runtime/pattern/ir.ts';
import type { SampleContent } from './content/sample-content.ts';
import type { HeadMasks } from './heads.ts';
import type { MaskChoice } from './mask-choice.ts';

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

/** A picture of the mask, or word that the worker does not know which mask is meant: it is to be asked again with it. */
export type Picture =
  | { readonly pixels: Uint8ClampedArray<ArrayBuffer>; readonly approximate: boolean }
  | { readonly unknown: true };

/** Which mask is drawn, in which colours. Sent again only when it changes or the worker is a new one. */
export interface Drawn {
  readonly choice: MaskChoice;
  readonly palette: Palette;
}

/** Questions about the mask that is shown and nothing else: sections ask them again whenever it changes. */
export type Inquiry = 'measure' | 'rows' | 'scaling' | 'design' | 'fit' | 'cost' | 'flow';

/** What the page asks of a drawing worker; each kind has its own answer. */
export type DrawingRequest =
  /** `id` stands for what is drawn; `drawn` tells what that is. `thorough`: longer, before densities are sampled. */
  | {
      readonly kind: 'draw';
      readonly id: number;
      readonly drawn: Drawn | null;
      readonly view: View;
      readonly thorough: boolean;
    }
  | { readonly kind: Inquiry; readonly choice: MaskChoice }
  | { readonly kind: 'heads'; readonly choice: MaskChoice; readonly palette: Palette }
  | { readonly kind: 'tiles'; readonly choice: MaskChoice; readonly range: TileRange }
  /** A shortest way on which position `query` hears of `key` through the layers of the model. */
  | { readonly kind: 'way'; readonly choice: MaskChoice; readonly query: number; readonly key: number }
  /** Choose keys on made-up data. */
  | { readonly kind: 'choose'; readonly choice: MaskChoice }
  | { readonly kind: 'plans'; readonly choice: MaskChoice; readonly heads: readonly number[] };

export interface DrawingAnswers {
  readonly draw: Picture;
  readonly measure: Measurement;
  readonly rows: RowsAnswer;
  readonly scaling: ScalingAnswer;
  readonly design: DesignAnswer;
  readonly fit: readonly LibraryFit[];
  readonly cost: CostAnswer;
  readonly flow: FlowAnswer;
  readonly heads: HeadMasks;
  readonly tiles: Uint8Array<ArrayBuffer>;
  /** Positions, both ends included; null when there is no way. */
  readonly way: readonly number[] | null;
  readonly choose: SampleContent;
  readonly plans: PlanParts;
}

export interface ToWorker {
  readonly id: number;
  readonly request: DrawingRequest;
}

export type FromWorker =
  | { readonly id: number; readonly ok: true; readonly answer: DrawingAnswers[keyof DrawingAnswers] }
  | { readonly id: number; readonly ok: false; readonly message: string };
