import { Superseded } from '../drawing.ts';
import type { MaskChoice } from '../mask-choice.ts';
import { type PageServices, startWorker } from '../page-services.ts';
import { shownOf } from '../shown.ts';
import { messageOf, type State } from '../state.ts';
import { otherOf } from './compared.ts';

/** Counts of the masks before stay on the page for so long. */
const PATIENCE_MS = 300;

/** Tells the extension what is compared with and at which length, and has the two masks compared whenever one changes. */
export function followComparison(page: PageServices): void {
  const { store, send } = page;
  const worker = startWorker(page);
  let told = '';
  let asked: { readonly choice: MaskChoice; readonly against: MaskChoice } | null = null;
  let patience: ReturnType<typeof setTimeout> | undefined;

  const tell = (state: State): void => {
    const { compared } = state;
    const other = compared === null ? null : { uri: compared.uri, name: compared.name };
    const tokens = other === null ? null : (shownOf(state)?.choice.tokens ?? null);
    const now = other === null ? '' : JSON.stringify([other, tokens]);
    if (now === told) return;
    told = now;
    send({ type: 'other', other, tokens });
  };
  const compare = async (choice: MaskChoice, against: MaskChoice): Promise<void> => {
    const question = { choice, against };
    asked = question;
    clearTimeout(patience);
    patience = setTimeout(() => store.update({ comparison: null }), PATIENCE_MS);
    let found: State['comparison'];
    try {
      found = { answer: await worker.ask({ kind: 'compare', choice, against }) };
    } catch (error) {
      if (error instanceof Superseded) return;
      found = { problem: messageOf(error) };
    }
    if (asked !== question) return;
    clearTimeout(patience);
    store.update({ comparison: found });
  };
  const look = (): void => {
    const { state } = store;
    tell(state);
    const other = otherOf(state);
    const choice = shownOf(state)?.choice;
    if (!other?.bound || choice === undefined) {
      asked = null;
      clearTimeout(patience);
      worker.giveUp();
      store.update({ comparison: null });
    } else if (asked?.choice !== choice || asked.against !== other.choice) void compare(choice, other.choice);
  };
  store.subscribe(look);
  look();
}
