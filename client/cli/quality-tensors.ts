import { type Baseline, type Quality, quality } from '../../runtime/analyse/quality.ts';
import type { Attention } from '../../runtime/attention/attention.ts';
import { modelForLayers } from '../../runtime/attention/fit-model.ts';
import type { AttentionInput } from '../../runtime/attention/types.ts';
import { jsonDocument } from './json-output.ts';
import { type Computing, openAttention, plansOf } from './measure.ts';
import { type QualitySummary, qualityCsv, qualityTable } from './quality-report.ts';
import { problemOfTensors, type RunProblem } from './run-problem.ts';
import type { Session } from './session.ts';
import type { Sources } from './sources.ts';
import { checkIndex, openSubject, type Subject, type SubjectOptions } from './subject.ts';
import { layerOf, openInput, type TensorChoice } from './tensors.ts';

export interface TensorOptions extends SubjectOptions, Computing, TensorChoice {
  readonly input?: string;
  readonly against?: Baseline;
  readonly quick?: boolean;
  readonly worst: number;
  readonly curve?: boolean;
  readonly json?: boolean;
  readonly csv?: boolean;
}

/** Rows of each head that `--json` names. */
const MOST_NAMED = 5;

/** `quality --input`: a pattern on tensors of a file, layer by layer. */
export async function qualityOfTensors(
  file: string | undefined,
  options: TensorOptions,
  session: Session,
  sources: Sources,
): Promise<void> {
  const { signal } = session;
  const { layer: _, ...ofSubject } = options;
  const subject = await openSubject(sources, file, ofSubject);
  const input = await openInput(options.input, options, signal);
  const attention = openAttention();
  try {
    const layers = options.layer === undefined ? input.layers : [layerOf(input, options.layer)];
    const last = Math.max(0, ...layers.map(layer => layer ?? options.layer ?? 0));
    if (subject.model.kind === 'model') checkIndex(subject.name, 'layer', last, subject.model.layers);
    const wide = { ...subject, model: modelForLayers(subject.model, last + 1) };
    const measured: Measured[] = [];
    for (const [index, layer] of layers.entries()) {
      const place = { ...options, layer: layer ?? options.layer ?? 0 };
      const label = layers.length === 1 ? 'Measuring' : `Measuring layer ${place.layer}`;
      session.detail(`layer ${place.layer} is ${index + 1} of ${layers.length}`);
      measured.push(await measureLayer(wide, place, input.name, await input.read(layer), label, attention, session));
    }
    const summary = summaryOf(subject.name, input.name, measured);
    session.print(textOf(summary, options));
    for (const note of summary.notes) session.note(`note: ${note}`);
  } finally {
    attention.dispose();
    await input.close();
  }
}

/** A layer's quality, and what it was measured on. */
interface Measured extends Quality {
  readonly layer: number;
  readonly problem: RunProblem;
}

async function measureLayer(
  subject: Subject,
  options: TensorOptions & { readonly layer: number },
  name: string,
  tensors: AttentionInput,
  label: string,
  attention: Attention,
  session: Session,
): Promise<Measured> {
  const fitted = problemOfTensors(subject, options, name, tensors);
  const problem = options.against === 'causal' ? { ...fitted, model: { ...fitted.model, causal: true } } : fitted;
  const { input, model } = problem;
  const { parts, notes } = await plansOf(problem, options.backend, session);
  const found = await session.during(label, progress =>
    quality(attention, input, parts, {
      signal: session.signal,
      backend: options.backend,
      precision: options.dtype,
      onProgress: share => progress.update(share),
      ...(options.against && { baseline: options.against }),
      offset: model.align === 'end' ? input.keys - input.queries : 0,
      distribution: options.quick !== true,
      worstRows: Math.max(MOST_NAMED, options.worst),
    }),
  );
  return { ...found, notes: [...notes, ...found.notes], layer: options.layer, problem };
}

function summaryOf(name: string, input: string, measured: readonly Measured[]): QualitySummary {
  const [first] = measured;
  if (first === undefined) throw new RangeError('there is at least one layer');
  const { tokens, queries, headDim } = { ...first.problem.input, tokens: first.problem.input.keys };
  return {
    ...{ name, input, tokens, queries, headDim },
    backend: first.backend,
    device: first.device,
    heads: measured.flatMap(({ layer, baseline: against, heads, problem }) =>
      heads.map(head => ({ layer, against, ...head, head: problem.heads[head.head] ?? head.head })),
    ),
    notes: [...new Set(measured.flatMap(({ notes }) => notes))],
  };
}

function textOf(summary: QualitySummary, { json, csv, curve, worst }: TensorOptions): string {
  if (json === true) return jsonDocument('quality', summary);
  return csv === true ? qualityCsv(summary, curve === true) : qualityTable(summary, worst, curve === true);
}
