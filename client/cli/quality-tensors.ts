import { qualityCsv } from '../../runtime/analyse/quality/csv.ts';
import { openSurveyor } from '../../runtime/analyse/quality/open-surveyor.ts';
import type { Surveyor } from '../../runtime/analyse/quality/survey.ts';
import { type Baseline, type Quality, quality } from '../../runtime/analyse/quality.ts';
import type { Attention } from '../../runtime/attention/attention.ts';
import { nodeWorkers } from '../../runtime/attention/cpu/workers.node.ts';
import { modelForLayers } from '../../runtime/attention/fit-model.ts';
import { openDawn } from '../../runtime/attention/gpu/dawn.node.ts';
import type { LayerSizes } from '../../runtime/attention/layer-input.ts';
import type { AttentionInput } from '../../runtime/attention/types.ts';
import type { HeadRange } from '../../runtime/tensor/read-heads.ts';
import { headLots, usableMemory } from './head-lots.ts';
import { jsonDocument } from './json-output.ts';
import { type Computing, openAttention, plansOf } from './measure.ts';
import { type QualitySummary, qualityTable } from './quality-report.ts';
import { modelOfTensors, type RunProblem } from './run-problem.ts';
import type { Session } from './session.ts';
import type { Sources } from './sources.ts';
import { checkIndex, openSubject, type SubjectOptions } from './subject.ts';
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

/**
 * `quality --input`: a pattern on tensors of a file, layer by layer.
 *
 * @param memory bytes that tensors may take: heads that do not fit together are measured one lot after the other
 */
export async function qualityOfTensors(
  file: string | undefined,
  options: TensorOptions,
  session: Session,
  sources: Sources,
  memory: number = usableMemory(),
): Promise<void> {
  const { signal } = session;
  const { layer: _, ...ofSubject } = options;
  const subject = await openSubject(sources, file, ofSubject);
  const input = await openInput(options.input, options, signal);
  const attention = openAttention();
  const surveyor = openSurveyor({ gpu: openDawn, workers: nodeWorkers() }, options.backend);
  try {
    const layers = options.layer === undefined ? input.layers : [layerOf(input, options.layer)];
    const last = Math.max(0, ...layers.map(layer => layer ?? options.layer ?? 0));
    if (subject.model.kind === 'model') checkIndex(subject.name, 'layer', last, subject.model.layers);
    const wide = { ...subject, model: modelForLayers(subject.model, last + 1) };
    const measured: Measured[] = [];
    for (const [index, tensors] of layers.entries()) {
      const layer = tensors ?? options.layer ?? 0;
      session.detail(`layer ${layer} is ${index + 1} of ${layers.length}`);
      const place = { ...options, layer };
      const label = layers.length === 1 ? 'Measuring' : `Measuring layer ${layer}`;
      const sizes = sizesOf(await input.sizes(tensors));
      const fitted = modelOfTensors(wide, place, input.name, sizes);
      const model = options.against === 'causal' ? { ...fitted, causal: true } : fitted;
      const { head } = options;
      const lots = head === undefined ? headLots(await input.sizes(tensors), memory) : [{ from: head, to: head + 1 }];
      const read = async (lot: HeadRange): Promise<RunProblem> => {
        const heads = Array.from({ length: lot.to - lot.from }, (_, at) => lot.from + at);
        return { model, layer, heads, input: await input.read(tensors, lot) };
      };
      measured.push(...(await measureLots(lots, read, options, label, { attention, surveyor }, session)));
    }
    const summary = summaryOf(subject.name, input.name, measured);
    session.print(textOf(summary, options));
    for (const note of summary.notes) session.note(`note: ${note}`);
  } finally {
    attention.dispose();
    surveyor.dispose();
    await input.close();
  }
}

function sizesOf({ q, k }: LayerSizes): Omit<AttentionInput, 'q' | 'k' | 'v'> {
  return { heads: q.heads, kvHeads: k.heads, queries: q.tokens, keys: k.tokens, headDim: q.headDim };
}

/** The quality of some heads of a layer, and what it was measured on. */
interface Measured extends Quality {
  readonly layer: number;
  /** Of the model, in the order of what was measured. */
  readonly numbers: readonly number[];
  readonly sizes: Pick<AttentionInput, 'keys' | 'queries' | 'headDim'>;
}

interface Machine {
  readonly attention: Attention;
  readonly surveyor: Surveyor;
}

/** Measures the heads of a layer, as many at a time as are in a lot, all of them against the same. */
async function measureLots(
  lots: readonly HeadRange[],
  read: (lot: HeadRange) => Promise<RunProblem>,
  options: TensorOptions,
  label: string,
  machine: Machine,
  session: Session,
): Promise<readonly Measured[]> {
  let against = options.against;
  for (;;) {
    const measured: Measured[] = [];
    for (const lot of lots) {
      const named = lots.length === 1 ? label : `${label}, heads ${lot.from} to ${lot.to - 1}`;
      measured.push(
        await measure(await read(lot), { ...options, ...(against && { against }) }, named, machine, session),
      );
      // One head that sees later keys makes its layer full attention's.
      if (new Set(measured.map(({ baseline }) => baseline)).size > 1) break;
    }
    if (measured.every(({ baseline }) => baseline === measured[0]?.baseline)) return measured;
    against = 'full';
  }
}

async function measure(
  problem: RunProblem,
  options: TensorOptions,
  label: string,
  { attention, surveyor }: Machine,
  session: Session,
): Promise<Measured> {
  const { input, model, layer, heads } = problem;
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
      surveyor,
      worstRows: Math.max(MOST_NAMED, options.worst),
      named: { layer, heads },
    }),
  );
  const { keys, queries, headDim } = input;
  // Not the tensors themselves: the next lot needs their room.
  return { ...found, notes: [...notes, ...found.notes], layer, numbers: heads, sizes: { keys, queries, headDim } };
}

function summaryOf(name: string, input: string, measured: readonly Measured[]): QualitySummary {
  const [first] = measured;
  if (first === undefined) throw new RangeError('there is at least one layer');
  const { keys: tokens, queries, headDim } = first.sizes;
  return {
    ...{ name, input, tokens, queries, headDim },
    backend: first.backend,
    device: first.device,
    heads: measured.flatMap(({ layer, baseline: against, heads, numbers }) =>
      heads.map(head => ({ layer, against, ...head, head: numbers[head.head] ?? head.head })),
    ),
    notes: [...new Set(measured.flatMap(({ notes }) => notes))],
  };
}

function textOf(summary: QualitySummary, { json, csv, curve, worst }: TensorOptions): string {
  if (json === true) return jsonDocument('quality', summary);
  return csv === true ? qualityCsv(summary.heads, curve === true) : qualityTable(summary, worst, curve === true);
}
