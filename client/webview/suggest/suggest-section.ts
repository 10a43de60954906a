import { encodeChartSvg } from '../../../runtime/draw/chart-svg.ts';
import { keptResult } from '../kept-state.ts';
import type { PageServices } from '../page-services.ts';
import { pickThen, type SubjectKind } from '../quality/subject-picker.ts';
import { ownState, type Section, setOwnState } from '../sections/section.ts';
import type { State } from '../state.ts';
import { WorkerTask } from '../worker-task.ts';
import { budgetOf, type SuggestChoice, USUAL_CHOICE } from './suggest-choice.ts';
import { suggestFields } from './suggest-fields.ts';
import type { Suggested, SuggestJob, SuggestSubject } from './suggest-messages.ts';
import { chartOf, suggestView } from './suggest-view.ts';

export const SUGGEST_SECTION = 'suggest';

/** What the section keeps. */
interface Kept extends SuggestChoice {
  readonly outcome: Suggested | null;
}

const INITIAL: Kept = { ...USUAL_CHOICE, outcome: null };

/** Looks for the pattern that keeps most, on tensors that the user picks or in a language model. */
export function suggestSection(page: PageServices): Section {
  const { store, send } = page;
  const own = (state: State): Kept => ownState(state, SUGGEST_SECTION, INITIAL);
  const set = (fields: Partial<Kept>): void => setOwnState<Kept>(page, SUGGEST_SECTION, fields);
  let { outcome } = own(store.state);
  /** Was it found since the page is there? Then it is told. */
  let isNew = false;
  const search = new WorkerTask<SuggestJob, Suggested>(page.computeScript, {
    changed: () => set({ outcome: keptResult(outcome) }),
    done(_, result) {
      outcome = result;
      isNew = true;
    },
  });
  const start = (): void => {
    const kept = own(store.state);
    const subject = subjectOf(store.state, kept.on);
    if (subject === null) {
      pickAndStart(kept.on);
      return;
    }
    isNew = false;
    const { perHead, dynamic } = kept;
    void search.start({ kind: 'suggest', subject, budget: budgetOf(kept), perHead, dynamic });
  };
  // Whoever picks before a start may want to say more first.
  const pick = pickThen(page, () => {});
  const pickAndStart = pickThen(page, start);
  return {
    id: SUGGEST_SECTION,
    title: 'Suggest',
    content: state => {
      const found = outcome;
      return suggestFields(
        { state, choice: own(state), underWay: search.underWay, failure: search.failure, told: isNew ? found : null },
        { set, start, pick, cancel: () => search.cancel() },
        suggestView(found, state.palette, {
          insert: text => send({ type: 'insert', text }),
          copy: text => send({ type: 'copy', text }),
          open: text => send({ type: 'openText', text }),
          saveChart() {
            if (found === null) return;
            const title = `Recall against density on ${found.subject}`;
            const bytes = encodeChartSvg(chartOf(found), title, state.palette);
            send({ type: 'save', name: 'frontier', format: 'svg', bytes });
          },
        }),
      );
    },
  };
}

function subjectOf({ tensors, languageModel }: State, on: SubjectKind): SuggestSubject | null {
  if (on === 'tensors') return tensors === null ? null : { kind: 'tensors', file: tensors };
  return languageModel === null ? null : { kind: 'model', files: languageModel };
}
