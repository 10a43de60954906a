import { type ComparisonChoice, compareModels, type ModelComparison } from '../../runtime/analyse/compare-models.ts';
import { type FitChoice, fitOf, type LibraryFit } from '../../runtime/analyse/fit.ts';
import type { BackendId } from '../../runtime/attention/types.ts';
import { compileHeadParts } from '../../runtime/compile/compile-heads.ts';
import { drawMask, type Picture, type PictureChoice } from '../../runtime/draw/picture.ts';
import { chosenModel } from '../../runtime/dynamic/chosen-model.ts';
import {
  type Selection,
  type SelectionInput,
  type SelectOptions,
  selectHeads,
} from '../../runtime/dynamic/select-heads.ts';
import { type Exported, formatOf } from '../../runtime/export/formats.ts';
import type { ExportSubject } from '../../runtime/export/request.ts';
import type { Model, Pattern } from '../../runtime/pattern/ir.ts';
import type { Shape } from '../../runtime/pattern/shape.ts';
import { type Analysis, type AnalysisSubject, analyse } from './analysis.ts';
import { rowsOn } from './rows-on.ts';

/** Work that may take long and cannot be interrupted from within: plain data in, plain data out. */
export type Job =
  | { readonly kind: 'stats'; readonly subject: AnalysisSubject }
  | { readonly kind: 'compare'; readonly first: Model; readonly second: Model; readonly choice: ComparisonChoice }
  | { readonly kind: 'fit'; readonly model: Model; readonly choice: FitChoice }
  | { readonly kind: 'export'; readonly format: string; readonly subject: ExportSubject }
  | {
      readonly kind: 'draw';
      readonly pattern: Pattern;
      readonly shape: Shape;
      readonly choice: Omit<PictureChoice, 'checkpoint'>;
    }
  | {
      readonly kind: 'plans';
      readonly model: Model;
      readonly layer: number;
      readonly heads: readonly number[];
      readonly tokens: number;
      /** Queries and keys, where a pattern chooses among them, and what chooses. */
      readonly content?: SelectionInput;
      readonly backend?: 'auto' | BackendId;
    }
  /** The model with the masks that its heads choose. */
  | {
      readonly kind: 'choose';
      readonly model: Model;
      readonly layer: number;
      readonly heads: readonly number[];
      readonly content: SelectionInput;
    };

/** What each kind of job gives back. */
export interface JobResults {
  readonly stats: Analysis;
  readonly compare: ModelComparison;
  readonly fit: readonly LibraryFit[];
  readonly export: Exported;
  readonly draw: Picture;
  readonly plans: Selection;
  readonly choose: Model;
}

/** Does a job, in whichever thread it is called; some tell how much of it is done, 0 to 1. */
export async function doJob(job: Job, onProgress?: (done: number) => void): Promise<JobResults[Job['kind']]> {
  switch (job.kind) {
    case 'stats':
      return analyse(job.subject);
    case 'compare':
      return compareModels(job.first, job.second, job.choice);
    case 'fit':
      return fitOf(job.model, job.choice);
    case 'export': {
      const format = formatOf(job.format);
      if (format === undefined) throw new RangeError(`there is no format ${job.format}`);
      return format.write(job.subject);
    }
    case 'draw':
      return drawMask(job.pattern, job.shape, job.choice);
    case 'plans': {
      const { content } = job;
      return content === undefined
        ? { parts: compileHeadParts(job.model, job.layer, job.heads, job.tokens), selectMs: null, notes: [] }
        : choosing(job.backend, onProgress, options => selectHeads(job.model, job.layer, job.heads, content, options));
    }
    case 'choose':
      return choosing('auto', onProgress, options =>
        chosenModel(job.model, job.layer, job.heads, job.content, options),
      );
  }
}

/** Chooses on the backend that is asked for. */
async function choosing<T>(
  backend: 'auto' | BackendId = 'auto',
  onProgress: ((done: number) => void) | undefined,
  choose: (options: Pick<SelectOptions, 'rows' | 'onProgress'>) => Promise<T>,
): Promise<T> {
  const rows = rowsOn(backend);
  try {
    return await choose({ rows, onProgress });
  } finally {
    rows.dispose();
  }
}
