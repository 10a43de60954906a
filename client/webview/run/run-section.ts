import type { PageServices } from '../page-services.ts';
import { ownState, type Section, setOwnState } from '../sections/section.ts';
import { shownOf } from '../shown.ts';
import type { State } from '../state.ts';
import { runView } from './run-view.ts';
import { NO_RUNS, Runs, type SavedRuns } from './runs.ts';

const ID = 'run';

/** Attention over the mask that is shown. */
export function runSection(page: PageServices): Section {
  const { store } = page;
  const runs = new Runs(page.workerUrl, ownState(store.state, ID, NO_RUNS), () =>
    setOwnState<SavedRuns>(page, ID, runs.saved),
  );
  store.subscribe((state, before) => {
    if (state.runsAsked !== before.runsAsked) run(page, runs);
  });
  return {
    id: ID,
    title: 'Attention',
    content: state =>
      runView(runs.view(canRun(state), shownOf(state)?.choice.model.heads ?? 1), {
        run: () => run(page, runs),
        cancel: () => runs.cancel(),
        set: settings => runs.set(settings),
        clear: () => runs.clear(),
        copy: text => page.send({ type: 'copy', text }),
      }),
  };
}

function canRun(state: State): boolean {
  return shownOf(state)?.bound != null && state.drawProblem === null;
}

function run({ store, send }: PageServices, runs: Runs): void {
  const { state } = store;
  const choice = shownOf(state)?.choice;
  if (choice === undefined || runs.underWay || !canRun(state)) return;
  if (state.stale !== null || choice.model.name !== state.name) {
    // What the page still shows is not what was asked for.
    runs.refuse(`Nothing ran: ${state.stale?.message ?? `${state.name} is not there yet.`}`);
    return;
  }
  void runs.start(choice).then(summary => {
    if (summary !== undefined) send({ type: 'ran', backend: summary.backend, device: summary.device });
  });
  // In a narrow panel the outcome would appear below what is in sight.
  document.querySelector(`section.${ID}`)?.scrollIntoView({ block: 'nearest' });
}
