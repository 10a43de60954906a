import { type Baseline, quality } from '../../runtime/analyse/quality.ts';
import { jsonDocument } from './json-output.ts';
import { type Computing, openAttention, plansOf } from './measure.ts';
import { type QualitySummary, qualityCsv, qualityTable } from './quality-report.ts';
import { problemOfTensors } from './run-problem.ts';
import type { Session } from './session.ts';
import type { Sources } from './sources.ts';
import { openSubject, type SubjectOptions } from './subject.ts';
import { readInput } from './tensors.ts';

export interface TensorOptions extends SubjectOptions, Computing {
  readonly input: string;
  readonly against?: Baseline;
  readonly quick?: boolean;
  readonly worst: number;
  readonly curve?: boolean;
  readonly json?: boolean;
  readonly csv?: boolean;
}

/** Rows of each head that `--json` names. */
const MOST_NAMED = 5;

/** `quality --input`: a pattern on tensors of a file. */
export async function qualityOfTensors(
  file: string | undefined,
  options: TensorOptions,
  session: Session,
  sources: Sources,
): Promise<void> {
  const { signal } = session;
  const subject = await openSubject(sources, file, options);
  const fitted = problemOfTensors(subject, options, options.input, await readInput(options.input, signal));
  const problem = options.against === 'causal' ? { ...fitted, model: { ...fitted.model, causal: true } } : fitted;
  const { layer, heads, input, model } = problem;
  const { parts } = await plansOf(problem, session);
  const attention = openAttention();
  try {
    const found = await session.during('Measuring', progress =>
      quality(attention, input, parts, {
        signal,
        backend: options.backend,
        precision: options.dtype,
        onProgress: share => progress.update(share),
        ...(options.against && { baseline: options.against }),
        distribution: options.quick !== true,
        worstRows: Math.max(MOST_NAMED, options.worst),
        offset: model.align === 'end' ? input.keys - input.queries : 0,
      }),
    );
    const summary: QualitySummary = {
      name: subject.name,
      input: options.input,
      tokens: input.keys,
      queries: input.queries,
      headDim: input.headDim,
      against: found.baseline,
      backend: found.backend,
      device: found.device,
      heads: found.heads.map(head => ({ layer, ...head, head: heads[head.head] ?? head.head })),
      notes: found.notes,
    };
    session.print(textOf(summary, options));
    for (const note of summary.notes) session.note(`note: ${note}`);
  } finally {
    attention.dispose();
  }
}

function textOf(summary: QualitySummary, { json, csv, curve, worst }: TensorOptions): string {
  if (json === true) return jsonDocument('quality', summary);
  return csv === true ? qualityCsv(summary, curve === true) : qualityTable(summary, worst, curve === true);
}
