import type { Pattern } from '../pattern/ir.ts';
import type { Shape } from '../pattern/shape.ts';
import type { Contents } from '../tensor/contents.ts';

/** The pattern of one head and the shape it is meant at. */
export interface HeadMask {
  readonly pattern: Pattern;
  readonly shape: Shape;
}

/** One mask to export: a pattern at a shape, with what a file should say about it. */
export interface ExportRequest extends HeadMask {
  /** The pattern or model as the file calls it. */
  readonly name: string;
  /** Text of the file, which formats with metadata carry along; undefined when there is none. */
  readonly source: string | undefined;
  /** All heads of the layer, in order, for a file that holds a mask for each; absent: the mask above alone. */
  readonly heads?: readonly HeadMask[];
  /** Heads of keys and values, which divides the number of `heads`. Absent: each head has its own. */
  readonly kvHeads?: number;
  /** Numbers of a head; absent where nobody said. */
  readonly headDim?: number;
  /** All layers of the model, for formats that configure one; absent: the layer above alone. */
  readonly layers?: readonly (readonly HeadMask[])[];
  /** Whole blocks may be allowed where the format knows nothing smaller. */
  readonly approximate?: boolean;
  /** Asked now and then; throwing stops the export. */
  readonly checkpoint?: () => void;
}

/** A request as plain data, which travels between threads. */
export type ExportSubject = Omit<ExportRequest, 'checkpoint'>;

/** One of the files that an export consists of. */
export interface ExportedFile {
  /** Without the dot; takes the place of the chosen name's own. */
  readonly extension: string;
  /** Made while they are read, one after the other. */
  readonly contents: Contents;
}

/** What a format made of a request. */
export interface Exported {
  /** The file that was asked for, and those that lie beside it under the same name. */
  readonly files: readonly [ExportedFile, ...ExportedFile[]];
  /** Pairs that the files allow and the masks do not, over all heads: more than 0 only where `approximate` was asked for. */
  readonly addedPairs: number;
}
