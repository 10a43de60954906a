import { type Baseline, type HeadQuality, quality } from '../../runtime/analyse/quality.ts';
import type { BackendId } from '../../runtime/attention/types.ts';
import { aligned } from './aligned.ts';
import { jsonDocument } from './json-output.ts';
import { type Computing, openAttention, plansOf } from './measure.ts';
import { percent } from './numbers.ts';
import { problemOfTensors } from './run-problem.ts';
import type { Session } from './session.ts';
import type { Sources } from './sources.ts';
import { openSubject, type SubjectOptions } from './subject.ts';
import { readInput } from './tensors.ts';

export interface TensorOptions extends SubjectOptions, Computing {
  readonly input: string;
  readonly against?: Baseline;
  readonly json?: boolean;
}

/** What `quality --json` prints. */
interface QualitySummary {
  readonly name: string;
  readonly input: string;
  readonly tokens: number;
  readonly queries: number;
  readonly headDim: number;
  readonly against: Baseline;
  readonly backend: BackendId;
  readonly device: string;
  readonly heads: readonly (HeadQuality & { readonly layer: number })[];
  readonly notes: readonly string[];
}

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
    session.print(options.json === true ? jsonDocument('quality', summary) : table(summary));
    for (const note of summary.notes) session.note(`note: ${note}`);
  } finally {
    attention.dispose();
  }
}

function table({ name, input, against, heads }: QualitySummary): string {
  return [
    `${name} on ${input}, against ${against} attention`,
    ...aligned([
      ['layer', 'head', 'density', 'recall', 'worst row', 'error', 'cosine'],
      ...heads.map(({ layer, head, density, recall, worst, error, cosine }) => [
        String(layer),
        String(head),
        percent(density),
        percent(recall),
        worst[0] === undefined ? '' : `${percent(worst[0].recall)} (${worst[0].row})`,
        percent(error),
        cosine.toFixed(5),
      ]),
    ]),
  ].join('\n');
}
