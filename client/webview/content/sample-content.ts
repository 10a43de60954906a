import type { SampleKind } from '../../../runtime/attention/structured-data.ts';
import type { Model } from '../../../runtime/pattern/ir.ts';

/** What content chose in one layer and head for made-up queries and keys. */
export interface SampleContent {
  /** The model with the masks that were chosen. */
  readonly model: Model;
  readonly tokens: number;
  readonly layer: number;
  readonly head: number;
  /** What was made up: see `structuredInput`. */
  readonly kind: SampleKind;
  readonly seed: number;
  readonly headDim: number;
}
