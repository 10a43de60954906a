import type { WeightGrid, WeightsOfGrid } from '../../../runtime/attention/weights.ts';
import type { RunClient } from '../../run/run-client.ts';
import { count } from '../format.ts';
import { asWritten, type MaskChoice, modelShown } from '../mask-choice.ts';
import type { PageServices } from '../page-services.ts';
import { ownState, setOwnState } from '../sections/section.ts';
import { shownOf } from '../shown.ts';
import type { State } from '../state.ts';
import { errorChart, type RunDetails } from './run-details.ts';
import type { LatestRun } from './runs.ts';
import { type WeightsOf, WeightsOverlay, type WeightsShown } from './weights-overlay.ts';

const ID = 'weights';

/** What the user chose to see of the latest run. */
interface WeightsChoice {
  readonly of: WeightsOf | null;
  /** Of the run's heads; null: the one that is shown. */
  readonly head: number | null;
}

const NONE: WeightsChoice = { of: null, head: null };

/** What there is to see of the latest run: its weights over the picture, and its errors. */
export class LatestRunView {
  readonly #page: PageServices;
  readonly #client: RunClient;
  readonly #latest: () => LatestRun | null;
  readonly #overlay: WeightsOverlay;
  /** Models of runs and masks as texts: two are compared whenever the picture is drawn. */
  readonly #texts = new WeakMap<object, string>();

  constructor(page: PageServices, client: RunClient, latest: () => LatestRun | null) {
    this.#page = page;
    this.#client = client;
    this.#latest = latest;
    this.#overlay = new WeightsOverlay(
      () => this.#shown(),
      (_, grid) => this.#weights(grid),
      // What the legend says of it is another text.
      () => page.store.update(({ sections }) => ({ sections: { ...sections } })),
    );
    page.overPicture.push(this.#overlay);
  }

  /** Null while nothing ran since the page was loaded. */
  details(state: State): RunDetails | null {
    const latest = this.#latest();
    if (latest === null) return null;
    const { of, head } = this.#choice(state);
    const { problem, showAt } = this.#misfit(state, latest);
    const cell = state.pointed ?? state.cell;
    const { side } = this.#overlay;
    return {
      weights: of,
      head: this.#headOf(state, latest, head),
      heads: latest.ran.heads,
      tokens: latest.ran.tokens,
      problem,
      showAt,
      squares: side === null ? null : { side, exact: this.#overlay.exact },
      pointed: cell === null || of === null ? null : this.#overlay.at(cell, of),
      errors: errorChart(latest.name, latest.ran.differences),
    };
  }

  setWeights(of: WeightsOf | null): void {
    setOwnState<WeightsChoice>(this.#page, ID, { of });
  }

  setHead(head: number): void {
    setOwnState<WeightsChoice>(this.#page, ID, { head });
  }

  #choice(state: State): WeightsChoice {
    return ownState(state, ID, NONE);
  }

  #shown(): WeightsShown | null {
    const { state } = this.#page.store;
    const latest = this.#latest();
    const { of, head } = this.#choice(state);
    if (latest === null || of === null || this.#misfit(state, latest).problem !== null) return null;
    return { run: latest, head: this.#headOf(state, latest, head), of, palette: state.palette };
  }

  /** The head that was picked, or the one of the run that is the head that is shown. */
  #headOf(state: State, { ran, request }: LatestRun, picked: number | null): number {
    if (picked !== null) return Math.min(ran.heads - 1, picked);
    const shown = shownOf(state)?.choice.head ?? 0;
    if (request.data.kind === 'tensors') return Math.min(ran.heads - 1, shown);
    return Math.max(0, request.heads.indexOf(shown));
  }

  /** Why the weights of a run say nothing about the mask that is shown. */
  #misfit(state: State, { request, ran, name }: LatestRun): { problem: string | null; showAt: number | null } {
    const choice = shownOf(state)?.choice;
    if (choice === undefined) return { problem: 'No mask is shown.', showAt: null };
    if (choice.model.name !== name)
      return { problem: `These are the weights of ${name}: show it, or run ${choice.model.name}.`, showAt: null };
    if (choice.tokens !== ran.tokens)
      return {
        problem: `The latest run was at n = ${count(ran.tokens)}, and the picture shows n = ${count(choice.tokens)}.`,
        showAt: ran.tokens,
      };
    if (ran.lse === null) return { problem: 'This run has too many rows for its weights to be kept.', showAt: null };
    const same = choice.layer === request.layer && this.#rulesOf(choice) === this.#text(request.model);
    return {
      problem: same ? null : 'The mask has changed since it ran: run it again to see its weights.',
      showAt: null,
    };
  }

  #rulesOf(choice: MaskChoice): string {
    let text = this.#texts.get(choice);
    if (text === undefined) {
      text = JSON.stringify(modelShown(asWritten(choice)).rules);
      this.#texts.set(choice, text);
    }
    return text;
  }

  #text(model: LatestRun['request']['model']): string {
    let text = this.#texts.get(model);
    if (text === undefined) {
      text = JSON.stringify(model.rules);
      this.#texts.set(model, text);
    }
    return text;
  }

  async #weights(grid: WeightGrid): Promise<WeightsOfGrid> {
    const latest = this.#latest();
    const shown = this.#shown();
    if (latest === null || shown === null) throw new Error('There is no run.');
    const { request, ran, id } = latest;
    const { head } = shown;
    // A run of the extension host has a number of its own, which no run of the page has.
    const run = id ?? -1 - hostRunOf(latest);
    const question = { kind: 'weights', run, head, grid, remembered: null } as const;
    const found = await this.#client.ask(question);
    if (found !== null) return found;
    if (ran.lse === null) throw new Error('The run is not known any more.');
    const again = await this.#client.ask({ ...question, remembered: { request, lse: ran.lse } });
    if (again === null) throw new Error('The run is not known.');
    return again;
  }
}

const hostRuns = new WeakMap<LatestRun, number>();
let hostRunCount = 0;

function hostRunOf(latest: LatestRun): number {
  const number = hostRuns.get(latest) ?? hostRunCount++;
  hostRuns.set(latest, number);
  return number;
}
