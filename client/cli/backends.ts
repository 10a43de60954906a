import type { Command } from 'commander';
import type { Attention, BackendStatus } from '../../runtime/attention/attention.ts';
import { fullPlan } from '../../runtime/attention/full-plan.ts';
import { sampleInput } from '../../runtime/attention/sample-data.ts';
import type { AttentionResult, BackendId, PlanParts, Precision } from '../../runtime/attention/types.ts';
import { jsonDocument } from './json-output.ts';
import { openAttention } from './measure.ts';
import { bytes } from './numbers.ts';
import type { Session } from './session.ts';

/** A kernel that was chosen by a trial on this device. */
interface ChosenKernel {
  readonly headDim: number;
  readonly dtype: Precision;
  readonly kernel: string;
}

/** A backend as it is told. Its self-check is part of being available. */
interface Told extends BackendStatus {
  readonly kernels: readonly ChosenKernel[];
}

/** The head width that nearly all models have. */
const HEAD_DIM = 64;
const TILE = { queries: 64, keys: 64 };
const PRECISIONS: readonly Precision[] = ['f32', 'f16'];

/** Adds `backends`: what on this machine can compute attention. */
export function addBackends(program: Command, session: Session): void {
  program
    .command('backends')
    .summary('show what can compute attention on this machine')
    .description(
      'Starts every backend, lets it compute a small awkward problem and compares that with the float64 reference.\n' +
        'Of a GPU it tells the adapter, its features and which kernels are fastest on it; of the CPU the build of the\n' +
        'kernel and the threads. `auto` is what runs when nobody asks for one.',
    )
    .option('--json', 'print one JSON object')
    .addHelpText('after', '\nExample:\n  sparse backends --json')
    .action(({ json }: { readonly json?: boolean }) => show(json === true, session));
}

async function show(json: boolean, session: Session): Promise<void> {
  const attention = openAttention();
  try {
    const { auto, backends } = await session.during('Checking', () => lookAt(attention, session.signal));
    session.print(
      json
        ? jsonDocument('backends', {
            auto,
            node: process.version,
            platform: `${process.platform}-${process.arch}`,
            backends,
          })
        : [...backends.map(told => paragraph(told, auto, session)), `auto: ${auto}`].join('\n'),
    );
  } finally {
    attention.dispose();
  }
}

async function lookAt(
  attention: Attention,
  signal: AbortSignal,
): Promise<{ readonly auto: BackendId; readonly backends: readonly Told[] }> {
  const backends: Told[] = [];
  for (const status of await attention.backends()) {
    const kernels: ChosenKernel[] = [];
    if (status.id === 'gpu' && status.available) {
      for (const dtype of PRECISIONS) {
        const { kernel, backend } = await tryOut(attention, 'gpu', dtype, signal);
        if (backend === 'gpu') kernels.push({ headDim: HEAD_DIM, dtype, kernel });
      }
    }
    backends.push({ ...status, kernels });
  }
  return { auto: (await tryOut(attention, 'auto', 'f32', signal)).backend, backends };
}

/** A tile of full attention: enough for a backend to choose its kernel. */
function tryOut(
  attention: Attention,
  backend: 'auto' | BackendId,
  precision: Precision,
  signal: AbortSignal,
): Promise<AttentionResult> {
  const { queries, keys } = TILE;
  const input = sampleInput({ heads: 1, kvHeads: 1, queries, keys, headDim: HEAD_DIM });
  const plans: PlanParts = [{ plans: [fullPlan(queries, keys, TILE)], headPlan: [0] }];
  return attention.attend(input, plans, { backend, precision, signal });
}

function paragraph({ id, available, device, reason, facts, kernels }: Told, auto: BackendId, session: Session): string {
  const { bold, green, red } = session.colours;
  const verdict = available ? green('passed its self-check') : red('not available');
  const lines: [string, string | undefined][] = [
    ['device', available ? device : undefined],
    ['reason', available ? undefined : reason],
    ['kernel build', facts.build],
    ['threads', facts.threads?.toString()],
    ['features', facts.features?.join(', ')],
    ['matrix units', facts.matrices && (facts.matrices.join(', ') || 'none that kernels can use')],
    ['subgroup', facts.subgroupSize ? String(facts.subgroupSize) : undefined],
    ['workgroup memory', facts.workgroupBytes === undefined ? undefined : bytes(facts.workgroupBytes)],
    ['largest buffer', facts.bufferBytes === undefined ? undefined : bytes(facts.bufferBytes)],
    ...kernels.map(({ headDim, dtype, kernel }): [string, string] => [`${dtype}, width ${headDim}`, kernel]),
  ];
  const shown = lines.flatMap(([label, value]) => (value === undefined ? [] : [`  ${label.padEnd(18)}${value}`]));
  return [`${bold(id)}: ${verdict}${id === auto ? ' (auto)' : ''}`, ...shown].join('\n');
}
