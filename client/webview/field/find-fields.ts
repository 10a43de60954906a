import { Superseded } from '../drawing.ts';
import { count } from '../format.ts';
import { type PageServices, startWorker } from '../page-services.ts';
import { shownOf } from '../shown.ts';
import { messageOf, type State } from '../state.ts';
import { FIELD_SECTION } from './field.ts';

/** A key held down moves the cursor many times a second. */
const REST_MS = 150;
/** What was found about the position before stays for as long: the section must not jump at every step. */
const PATIENCE_MS = 400;
/** Positions up to which they are followed while one waits. */
const MOST_TOKENS = 2 ** 22;

/** Finds the receptive field of the query of the selected cell, layer by layer, while its section is open. */
export function findFields(page: PageServices): void {
  const { store } = page;
  const worker = startWorker(page);
  let rest: ReturnType<typeof setTimeout> | undefined;
  let patience: ReturnType<typeof setTimeout> | undefined;
  let wanted: Wanted | null = null;
  const find = async (target: Wanted): Promise<void> => {
    let found: State['field'];
    try {
      const { tokens } = target.choice;
      if (tokens > MOST_TOKENS) throw new Error(`Receptive fields are followed up to n = ${count(MOST_TOKENS)}.`);
      found = { answer: await worker.ask({ kind: 'field', choice: target.choice, query: target.query }) };
    } catch (error) {
      if (error instanceof Superseded) return;
      found = { problem: messageOf(error) };
    }
    if (wanted !== target) return;
    clearTimeout(patience);
    store.update({ field: found });
  };
  const look = (): void => {
    const next = wantedOf(store.state);
    if (next?.choice === wanted?.choice && next?.query === wanted?.query) return;
    wanted = next;
    clearTimeout(rest);
    clearTimeout(patience);
    if (next === null) {
      // Nobody wants what takes seconds any more.
      worker.giveUp();
      store.update({ field: null });
      return;
    }
    rest = setTimeout(() => void find(next), REST_MS);
    patience = setTimeout(() => store.update({ field: null }), PATIENCE_MS);
  };
  store.subscribe(look);
  look();
}

type Wanted = ReturnType<typeof wantedOf> & object;

function wantedOf(state: State) {
  const shown = shownOf(state);
  if (state.cell === null || !shown?.bound || state.folded.includes(FIELD_SECTION)) return null;
  return { choice: shown.choice, query: shown.bound.shape.offset + state.cell.row };
}
