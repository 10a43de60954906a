import type { MaskChoice } from '../mask-choice.ts';
import { type UnderWay, WorkerTask } from '../worker-task.ts';
import type { ModelQuality, QualityJob, QualityResults, TensorQuality } from './quality-messages.ts';

/** What was measured last, of either kind, and of which declaration. */
export interface Outcomes {
  readonly tensors: Outcome<TensorQuality> | null;
  readonly model: Outcome<ModelQuality> | null;
}

export interface Outcome<T> {
  /** Name of the pattern or model, and which masks it stood for: the same text for the same ones. */
  readonly name: string;
  readonly masks: string;
  readonly result: T;
}

/** Measures, one thing at a time, and remembers the last outcome of either kind. */
export class Measurements {
  readonly #task: WorkerTask<QualityJob, QualityResults[QualityJob['kind']]>;
  #outcomes: Outcomes;

  /**
   * @param script address of the worker's script
   * @param changed called after every change of what is read below
   */
  constructor(script: string, outcomes: Outcomes, changed: () => void) {
    this.#outcomes = outcomes;
    this.#task = new WorkerTask(script, {
      changed,
      done: (job, result) => {
        const outcome = { name: job.choice.model.name, masks: masksText(job.choice), result };
        this.#outcomes = { ...this.#outcomes, [job.kind]: outcome };
      },
    });
  }

  get underWay(): UnderWay | null {
    return this.#task.underWay;
  }

  /** Why the last measurement came to nothing, or null. */
  get failure(): string | null {
    return this.#task.failure;
  }

  get outcomes(): Outcomes {
    return this.#outcomes;
  }

  start(job: QualityJob): Promise<void> {
    return this.#task.start(job);
  }

  cancel(): void {
    this.#task.cancel();
  }
}

/** What is left out of a text that stands for masks: places in the file, and bits, for which a hash stands. */
const LEFT_OUT = new Set(['span', 'bits']);
/** By the choice, of which there is one for as long as a mask is shown. */
const texts = new WeakMap<MaskChoice, string>();

/** Stands for the masks of a choice, whichever layer and head is shown and wherever they are written. */
export function masksText(choice: MaskChoice): string {
  let text = texts.get(choice);
  if (text === undefined) {
    const { name: _, ...masks } = choice.model;
    text = JSON.stringify([masks, choice.hidden], (key, value: unknown) => (LEFT_OUT.has(key) ? undefined : value));
    texts.set(choice, text);
  }
  return text;
}
