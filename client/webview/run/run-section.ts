import { html, nothing, type TemplateResult } from 'lit';
import { isDynamic } from '../../../runtime/pattern/bind.ts';
import type { Model } from '../../../runtime/pattern/ir.ts';
import { patternAt } from '../../../runtime/pattern/model.ts';
import type { Chosen } from '../../preview/messages.ts';
import { figure } from '../charts/figure.ts';
import type { PageServices } from '../page-services.ts';
import { pickThen } from '../quality/subject-picker.ts';
import { ownState, type Section, setOwnState } from '../sections/section.ts';
import { shownOf } from '../shown.ts';
import type { State } from '../state.ts';
import { setTokens } from '../tokens.ts';
import { chosenIn } from '../views.ts';
import { modelAt, runInHost, tensorsAt } from './ask-host.ts';
import { LatestRunView } from './latest-run.ts';
import { pageRuns } from './page-runs.ts';
import { runDetails } from './run-details.ts';
import { problemOf, requestOf, widthOfRun } from './run-settings.ts';
import type { RunSummary } from './run-summary.ts';
import { runView } from './run-view.ts';
import { NO_RUNS, type RunServices, Runs, type SavedRuns } from './runs.ts';
import { latestSweep, sweepChart } from './sweep.ts';
import { TensorsInWords } from './tensors-in-words.ts';

const ID = 'run';

/** Tensors larger than this together (q, k, v and the outputs) are not tried in a page; bytes. */
const MEMORY_LIMIT = 512 * 2 ** 20;

/** Attention over the mask that is shown. */
export function runSection(page: PageServices): Section {
  const { store } = page;
  const client = pageRuns(page.computeScript);
  /** What runs, or ran last: something else may be shown by now. */
  let running: Chosen | null = null;
  const at = (tokens: number, signal: AbortSignal): Promise<Model> => {
    if (running === null) throw new Error('Nothing is shown that could run.');
    return modelAt(page, running, tokens, signal);
  };
  /** Why what was asked for last was not even tried. */
  let refused: string | null = null;
  const start = (what: 'start' | 'sweep'): void => {
    if (runs.underWay === null) running = chosenIn(store.state);
    const reason = missing(store.state);
    if (reason === null) run(page, runs, what);
    else if (runs.underWay === null) {
      refused = `Nothing ran: ${reason}`;
      runs.refuse(refused);
    }
  };
  const services: RunServices = {
    file: () => running?.uri ?? null,
    async request(choice, tokens, settings, signal, longestFullMs) {
      if (settings.data === 'tensors') {
        if (settings.tensors === null) throw new Error('Pick a file of tensors first.');
        const { uri, name, bytes, tensors } = await tensorsAt(page, settings.tensors.uri, signal);
        const shape = await client.ask({ kind: 'shape', name, bytes, tensors }, { signal });
        const model =
          choice.model.tokens === null || choice.model.tokens === shape.keys
            ? choice.model
            : await at(shape.keys, signal);
        return requestOf(
          choice,
          model,
          shape.keys,
          { kind: 'tensors', uri, name, bytes, tensors },
          settings,
          longestFullMs,
        );
      }
      const length = tokens ?? settings.tokens ?? choice.tokens;
      // A pattern says itself what it is at any length; what a model says of its length the server knows.
      const model =
        choice.model.kind === 'pattern' || length === choice.tokens ? choice.model : await at(length, signal);
      return requestOf(choice, model, length, { kind: settings.data }, settings, longestFullMs);
    },
    async compute(request, { runOn }, options) {
      if (runOn === 'host') return { found: await runInHost(page, request, options), id: null };
      const id = client.nextId;
      const found = await client.ask({ kind: 'run', request, memoryLimit: MEMORY_LIMIT }, options);
      return { found, id };
    },
    changed: () => setOwnState<SavedRuns>(page, ID, runs.saved),
  };
  const runs = new Runs(services, ownState(store.state, ID, NO_RUNS));
  const latest = new LatestRunView(page, client, () => runs.latest);
  const file = new TensorsInWords(page, async ({ name, bytes, tensors }) =>
    client.ask({ kind: 'shape', name, bytes, tensors }),
  );
  // The extension may ask before the section is there.
  if (store.state.runsAsked > 0) start('start');
  store.subscribe((state, before) => {
    if (state.runsAsked !== before.runsAsked) start('start');
    if (refused !== null && refused === runs.notice && missing(state) === null) {
      refused = null;
      runs.refuse(null);
    }
  });
  const pick = pickThen(page, () => {
    const { tensors } = store.state;
    if (tensors !== null) runs.set({ data: 'tensors', tensors: { uri: tensors.uri, name: tensors.name } });
  });
  return {
    id: ID,
    title: 'Attention',
    content: state => {
      const { settings } = runs;
      const choice = shownOf(state)?.choice;
      const problem = choice === undefined ? null : problemOf(choice.model, settings);
      return html`${runView(
        {
          settings,
          tokens: choice?.tokens ?? 0,
          width: choice === undefined ? 0 : widthOfRun(choice.model, null),
          heads: choice?.model.heads ?? 1,
          canUseHost: state.runsInHost,
          tensors: file.text(state, settings.tensors),
          underWay: runs.underWay,
          notice: problem ?? runs.notice,
          remark: runs.remark,
          runs: runs.runs,
          latest: latestOf(runs.runs, state),
          canRun: canRun(state) && problem === null,
        },
        {
          run: () => start('start'),
          sweep: () => start('sweep'),
          cancel: () => runs.cancel(),
          set: chosen => runs.set(chosen),
          pick: () => pick('tensors'),
          clear: () => runs.clear(),
          copy: text => page.send({ type: 'copy', text }),
        },
      )}
      ${detailsOf(latest, state, page)} ${sweepFigure(runs.runs, state)}`;
    },
  };
}

function detailsOf(latest: LatestRunView, state: State, page: PageServices): TemplateResult | typeof nothing {
  const details = latest.details(state);
  if (details === null) return nothing;
  return runDetails(details, state.palette, {
    setWeights: of => latest.setWeights(of),
    setHead: head => latest.setHead(head),
    show: tokens => setTokens(page, String(tokens)),
  });
}

/** The latest run of what is shown. Of what older pages kept nobody knows the file. */
function latestOf(runs: readonly RunSummary[], { uri, name }: State): RunSummary | undefined {
  return runs.find(run => run.name === name && (run.file ?? uri) === uri);
}

/** The chart of the latest sweep: the same object for the same runs, so that it is not drawn again. */
const charts = new WeakMap<readonly RunSummary[], ReturnType<typeof sweepChart>>();

function sweepFigure(runs: readonly RunSummary[], { palette }: State): TemplateResult | typeof nothing {
  let chart = charts.get(runs);
  if (chart === undefined) {
    chart = sweepChart(latestSweep(runs));
    charts.set(runs, chart);
  }
  return chart === null ? nothing : figure(chart, palette);
}

/** A mask that is chosen by content has no picture before there is content, and runs all the same. */
function canRun(state: State): boolean {
  const shown = shownOf(state);
  if (shown === null) return false;
  if (shown.bound !== null) return state.drawProblem === null;
  const { model, layer, head } = shown.choice;
  const pattern = patternAt(model, layer, head);
  return pattern !== undefined && isDynamic(pattern);
}

/** Why what the page shows is not what was asked for, or null. */
function missing(state: State): string | null {
  const choice = shownOf(state)?.choice;
  if (choice === undefined || !canRun(state)) return null;
  if (state.stale !== null) return state.stale.message;
  return choice.model.name === state.name ? null : `${state.name} is not there yet.`;
}

function run({ store, send }: PageServices, runs: Runs, what: 'start' | 'sweep'): void {
  const { state } = store;
  const choice = shownOf(state)?.choice;
  if (choice === undefined || runs.underWay !== null || !canRun(state)) return;
  void runs[what](choice).then(summary => {
    if (summary !== undefined) send({ type: 'ran', backend: summary.backend, device: summary.device });
  });
  // In a narrow panel the outcome would appear below what is in sight.
  document.querySelector(`section.${ID}`)?.scrollIntoView({ block: 'nearest' });
}
