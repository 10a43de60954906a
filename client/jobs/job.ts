import { type ComparisonChoice, compareModels, type ModelComparison } from '../../runtime/analyse/compare-models.ts';
import {
  type Exported,
  type ExportedFile,
  formatOf,
  misfitsOf,
  type ToldMisfit,
} from '../../runtime/export/formats.ts';
import type { ExportSubject } from '../../runtime/export/request.ts';
import type { Model } from '../../runtime/pattern/ir.ts';

/** Work of a command that may take long: plain data in, plain data out. */
export type Job =
  | { readonly kind: 'export'; readonly format: string; readonly subject: ExportSubject }
  | { readonly kind: 'misfits'; readonly subject: ExportSubject }
  | { readonly kind: 'compare'; readonly first: Model; readonly second: Model; readonly choice: ComparisonChoice };

/** What each kind of job gives back. */
export interface JobResults {
  readonly export: Exported;
  /** Why formats cannot hold the mask exactly, by id. */
  readonly misfits: Readonly<Record<string, ToldMisfit>>;
  readonly compare: ModelComparison;
}

/** How a job ended. Of an error only what it says travels. */
export type JobOutcome =
  | { readonly ok: true; readonly result: JobResults[Job['kind']] }
  | { readonly ok: false; readonly message: string };

/** Does a job and says how it ended, and which buffers may be handed over instead of copied. */
export function outcomeOf(job: Job): { readonly outcome: JobOutcome; readonly transfer: ArrayBuffer[] } {
  try {
    if (job.kind === 'compare') {
      const result = compareModels(job.first, job.second, job.choice);
      return { outcome: { ok: true, result }, transfer: [] };
    }
    if (job.kind === 'misfits') return { outcome: { ok: true, result: misfitsOf(job.subject) }, transfer: [] };
    const format = formatOf(job.format);
    if (format === undefined) throw new RangeError(`there is no format ${job.format}`);
    const { files, addedPairs } = format.write(job.subject);
    const [file, ...beside] = files;
    const result: Exported = { files: [alone(file), ...beside.map(alone)], addedPairs };
    return { outcome: { ok: true, result }, transfer: result.files.map(({ bytes }) => bytes.buffer) };
  } catch (error) {
    return { outcome: { ok: false, message: error instanceof Error ? error.message : String(error) }, transfer: [] };
  }
}

/** A view of a part of something larger would take all of it along. */
function alone(file: ExportedFile): ExportedFile {
  return file.bytes.byteLength === file.bytes.buffer.byteLength ? file : { ...file, bytes: file.bytes.slice() };
}
