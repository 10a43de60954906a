import { type Command, Option } from 'commander';
import { type Attention, createAttention } from '../../runtime/attention/attention.ts';
import { compareWithFull, type RunReport } from '../../runtime/attention/compare-with-full.ts';
import { nodeWorkers } from '../../runtime/attention/cpu/workers.node.ts';
import { openDawn } from '../../runtime/attention/gpu/dawn.node.ts';
import { keptKernels } from '../../runtime/attention/gpu/kept-kernels.node.ts';
import type { BackendId, PlanParts, Precision } from '../../runtime/attention/types.ts';
import { inThread, JobError } from './in-thread.ts';
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

/** The plans of a problem's heads. Throws JobError and Failure. */
export async function plansOf({ model, layer, heads, input }: RunProblem, session: Session): Promise<PlanParts> {
  const job = { kind: 'plans', model, layer, heads, tokens: input.keys } as const;
  try {
    return await session.during('Compiling', () => inThread(job, session.signal));
  } catch (error) {
    throw error instanceof JobError && error.code === 'dynamic' ? withoutChoice(error) : error;
  }
}

/** The data is there, but nothing here makes a mask of it. */
function withoutChoice({ name, message, span, code }: JobError): JobError {
  return new JobError(name, `${message}; run takes patterns whose pairs do not depend on the data`, span, code);
}

/** Runs a problem, full attention over the same data, and compares some of its rows with the reference. */
export function measure(
  attention: Attention,
  { input }: RunProblem,
  plans: PlanParts,
  { backend, dtype }: Computing,
  session: Session,
): Promise<RunReport> {
  const { signal } = session;
  return session.during('Running', progress => {
    const onProgress = (share: number): void => progress.update(share);
    const limits = { longestFullMs: LONGEST_FULL_MS };
    return compareWithFull(attention, input, plans, { backend, precision: dtype, signal, onProgress, ...limits });
  });
}

/** Why full attention was left out; null when it was not. */
export function whyOmitted({ fullMs, predictedFullMs }: RunReport): string | null {
  if (fullMs !== null) return null;
  return predictedFullMs > LONGEST_FULL_MS
    ? `it would take about ${duration(predictedFullMs)} (the limit is ${duration(LONGEST_FULL_MS)})`
    : 'it is too large for this backend';
}
