import { workerUrl } from '../drawing.ts';
import type { MaskChoice } from '../mask-choice.ts';
import type { FromQualityWorker, ModelQuality, QualityJob, TensorQuality } from './quality-messages.ts';

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

/** A measurement that is under way. */
export interface UnderWay {
  readonly kind: QualityJob['kind'];
  readonly share: number;
  readonly doing: string;
}

/** One measurement at a time, in a worker of its own that ends with it. */
export class Measurements {
  readonly #script: string;
  readonly #changed: () => void;
  #url: Promise<string> | undefined;
  #worker: Worker | undefined;
  #underWay: UnderWay | null = null;
  #failure: string | null = null;
  #outcomes: Outcomes;

  /**
   * @param script address of the worker's script
   * @param changed called after every change of what is read below
   */
  constructor(script: string, outcomes: Outcomes, changed: () => void) {
    this.#script = script;
    this.#outcomes = outcomes;
    this.#changed = changed;
  }

  get underWay(): UnderWay | null {
    return this.#underWay;
  }

  /** Why the last measurement came to nothing, or null. */
  get failure(): string | null {
    return this.#failure;
  }

  get outcomes(): Outcomes {
    return this.#outcomes;
  }

  async start(job: QualityJob): Promise<void> {
    if (this.#underWay !== null) return;
    const started: UnderWay = { kind: job.kind, share: 0, doing: 'Starting' };
    this.#underWay = started;
    this.#failure = null;
    this.#changed();
    try {
      this.#url ??= workerUrl(this.#script);
      const worker = new Worker(await this.#url);
      // Cancelled while the script was fetched.
      if (this.#underWay !== started) {
        worker.terminate();
        return;
      }
      this.#worker = worker;
      worker.onmessage = ({ data }: MessageEvent<FromQualityWorker>) => this.#receive(job, data);
      worker.onerror = ({ message }) => this.#end(`The measurement failed: ${message || 'its worker did not start'}`);
      worker.postMessage(job);
    } catch (error) {
      this.#url = undefined;
      this.#end(error instanceof Error ? error.message : String(error));
    }
  }

  cancel(): void {
    this.#end(null);
  }

  #receive(job: QualityJob, message: FromQualityWorker): void {
    switch (message.type) {
      case 'progress':
        this.#underWay = { kind: job.kind, share: message.share, doing: message.doing };
        this.#changed();
        break;
      case 'failed':
        this.#end(message.message);
        break;
      case 'done': {
        const outcome = { name: job.choice.model.name, masks: masksText(job.choice), result: message.result };
        this.#outcomes = { ...this.#outcomes, [job.kind]: outcome };
        this.#end(null);
      }
    }
  }

  #end(failure: string | null): void {
    this.#worker?.terminate();
    this.#worker = undefined;
    this.#underWay = null;
    this.#failure = failure;
    this.#changed();
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
