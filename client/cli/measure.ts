import { type Command, Option } from 'commander';
import { type Attention, createAttention } from '../../runtime/attention/attention.ts';
import { compareWithFull, type RunReport } from '../../runtime/attention/compare-with-full.ts';
import { nodeWorkers } from '../../runtime/attention/cpu/workers.node.ts';
import { openDawn } from '../../runtime/attention/gpu/dawn.node.ts';
import { keptKernels } from '../../runtime/attention/gpu/kept-kernels.node.ts';
import type { RunProgress } from '../../runtime/attention/run-clock.ts';
import { withSelectionTime } from '../../runtime/attention/selection-time.ts';
import type { BackendId, Precision } from '../../runtime/attention/types.ts';
import { choosesByContent, type Selection } from '../../runtime/dynamic/select-heads.ts';
import { inThread } from './in-thread.ts';
import { duration } from './numbers.ts';
import type { RunProblem } from './run-problem.ts';
import type { Session } from './session.ts';

/** Full attention that would take longer is left out. */
const LONGEST_FULL_MS = 60_000;

/** The options that say what computes, and how exactly. */
export interface Computing {
  readonly backend: 'auto' | BackendId;
  readonly dtype: Precision;
}

/** Adds these options. */
export function withComputing(command: Command): Command {
  return command
    .addOption(
      new Option('--backend <ID>', 'what computes it').choices(['auto', 'gpu', 'cpu', 'reference']).default('auto'),
    )
    .addOption(
      new Option('--dtype <TYPE>', 'numbers that the GPU computes with; f16 rounds the tensors')
        .choices(['f32', 'f16'])
        .default('f32'),
    );
}

/** Attention on whatever this machine has. */
export function openAttention(): Attention {
  return createAttention({ gpu: openDawn, workers: nodeWorkers(), kernels: keptKernels() });
}

/** The plans of a problem's heads, chosen by its queries and keys where patterns ask for it. Throws JobError and Failure. */
export function plansOf(problem: RunProblem, backend: 'auto' | BackendId, session: Session): Promise<Selection> {
  const { model, layer, heads } = problem;
  const job = { kind: 'plans', model, layer, heads, tokens: model.tokens ?? problem.input.keys } as const;
  if (!choosesByContent(model, layer, heads)) return session.during('Compiling', () => inThread(job, session.signal));
  const { v: _values, ...content } = problem.input;
  return session.during('Choosing keys', progress =>
    inThread({ ...job, content, backend }, session.signal, done => progress.update(done)),
  );
}

/** Runs a problem, full attention over the same data, and compares some of its rows with the reference. */
export function measure(
  attention: Attention,
  { input }: RunProblem,
  { parts, selectMs, notes }: Selection,
  { backend, dtype }: Computing,
  session: Session,
): Promise<RunReport> {
  const { signal } = session;
  return session.during('Running', async progress => {
    const onProgress = ({ done }: RunProgress): void => progress.update(done);
    const limits = { longestFullMs: LONGEST_FULL_MS };
    const options = { backend, precision: dtype, signal, onProgress, ...limits };
    const report = await compareWithFull(attention, input, parts, options);
    const sparse = withSelectionTime(report.sparse, selectMs);
    return { ...report, sparse: { ...sparse, notes: [...notes, ...sparse.notes] } };
  });
}

/** Why full attention was left out; null when it was not. */
export function whyOmitted({ fullMs, predictedFullMs }: RunReport): string | null {
  if (fullMs !== null) return null;
  return predictedFullMs > LONGEST_FULL_MS
    ? `it would take about ${duration(predictedFullMs)} (the limit is ${duration(LONGEST_FULL_MS)})`
    : 'it is too large for this backend';
}
