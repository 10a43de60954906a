import { type ComparisonChoice, compareModels, type ModelComparison } from '../../runtime/analyse/compare-models.ts';
import { formatOf, misfitsOf, type ToldMisfit } from '../../runtime/export/formats.ts';
import type { ExportSubject } from '../../runtime/export/request.ts';
import type { Model } from '../../runtime/pattern/ir.ts';
import { type ExportOutline, type Piece, type PieceMaker, pieceMaker } from '../export/streamed-export.ts';

/** Work of a command that may take long: plain data in, plain data out. */
export type Job =
  | { readonly kind: 'export'; readonly format: string; readonly subject: ExportSubject }
  | { readonly kind: 'misfits'; readonly subject: ExportSubject }
  | { readonly kind: 'compare'; readonly first: Model; readonly second: Model; readonly choice: ComparisonChoice };

/** What each kind of job gives back. */
export interface JobResults {
  /** What files there are. Their bytes are asked for afterwards, piece by piece. */
  readonly export: ExportOutline;
  /** Why formats cannot hold the mask exactly, by id. */
  readonly misfits: Readonly<Record<string, ToldMisfit>>;
  readonly compare: ModelComparison;
}

/** What a thread is told: a job, or after an export the number of a file whose next piece is wanted. */
export type JobMessage = Job | number;

/** What came of it. Of an error only what it says travels. */
export type JobOutcome =
  | { readonly ok: true; readonly result: JobResults[Job['kind']] | Piece }
  | { readonly ok: false; readonly message: string };

/** Answers the messages to one thread, and says which buffers may be handed over instead of copied. */
export function jobServer(): (message: JobMessage) => {
  readonly outcome: JobOutcome;
  readonly transfer: ArrayBuffer[];
} {
  let maker: PieceMaker | undefined;
  const answer = (message: JobMessage): JobResults[Job['kind']] | Piece => {
    if (typeof message === 'number') return maker?.next(message) ?? null;
    if (message.kind === 'compare') return compareModels(message.first, message.second, message.choice);
    if (message.kind === 'misfits') return misfitsOf(message.subject);
    const format = formatOf(message.format);
    if (format === undefined) throw new RangeError(`there is no format ${message.format}`);
    maker = pieceMaker(format.write(message.subject));
    return maker.outline;
  };
  return message => {
    try {
      const result = answer(message);
      return { outcome: { ok: true, result }, transfer: result instanceof Uint8Array ? [result.buffer] : [] };
    } catch (error) {
      return { outcome: { ok: false, message: error instanceof Error ? error.message : String(error) }, transfer: [] };
    }
  };
}
