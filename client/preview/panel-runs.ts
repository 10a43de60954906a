import { isAbort } from '../../runtime/attention/abort.ts';
import type { RunRequest } from '../run/run-request.ts';
import type { HostRuns } from './host-runs.ts';
import type { HostRunEvent, ToPage } from './messages.ts';

/** The runs that one page has asked the extension host for. */
export class PanelRuns {
  readonly #runs: HostRuns;
  readonly #post: (message: ToPage) => void;
  readonly #underWay = new Map<number, AbortController>();

  constructor(runs: HostRuns, post: (message: ToPage) => void) {
    this.#runs = runs;
    this.#post = post;
  }

  get available(): boolean {
    return this.#runs.available;
  }

  /** Tells the page what happens to a run. */
  async run(id: number, request: RunRequest): Promise<void> {
    const abort = new AbortController();
    this.#underWay.set(id, abort);
    const tell = (event: HostRunEvent): void => this.#post({ type: 'hostRun', event });
    try {
      tell({ id, found: await this.#runs.run(request, abort.signal, step => tell({ id, step })) });
    } catch (error) {
      tell({ id, failure: error instanceof Error ? error.message : String(error), cancelled: isAbort(error) });
    } finally {
      this.#underWay.delete(id);
    }
  }

  /** Cancels a run, or all of them. */
  cancel(id?: number): void {
    for (const [each, abort] of this.#underWay) if (id === undefined || each === id) abort.abort();
  }
}
