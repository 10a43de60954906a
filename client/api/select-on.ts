import type { WorkerHost } from '../../runtime/attention/cpu/worker-host.ts';
import { createRowSelector } from '../../runtime/dynamic/rows/row-selector.ts';
import { type SelectionInput, selectHeads } from '../../runtime/dynamic/select-heads.ts';
import type { Model } from '../../runtime/pattern/ir.ts';
import { type CompileChoice, type Compiled, compiled } from './compile.ts';

export type { SelectionInput } from '../../runtime/dynamic/select-heads.ts';

/** Which masks of a model are meant; their length is that of the tensors. */
export interface SelectChoice extends Omit<CompileChoice, 'tokens'> {
  /** Multiplies q . k where a method ranks by probability; default 1 / sqrt(headDim), as for `attend`. */
  readonly scale?: number;
  readonly signal?: AbortSignal;
  /** Called with the share that is done, 0 to 1. */
  readonly onProgress?: (done: number) => void;
}

/** The function is documented where it is exported. */
export type SelectMasks = (model: Model, input: SelectionInput, choice?: SelectChoice) => Promise<Compiled>;

/** Chooses on workers that are started when the choice is large, and ended after it. */
export async function selectOn(
  workers: WorkerHost,
  model: Model,
  input: SelectionInput,
  choice: SelectChoice = {},
): Promise<Compiled> {
  const { layer = 0, heads = [...Array(model.heads).keys()], ...options } = choice;
  const rows = createRowSelector({ workers });
  try {
    const selection = await selectHeads(model, layer, heads, input, { ...options, rows });
    return compiled({ tokens: input.keys, queries: input.queries, layer, heads }, selection);
  } finally {
    rows.dispose();
  }
}
