import { Superseded } from './drawing.ts';
import { count } from './format.ts';
import type { Cell } from './mask/cell.ts';
import { type PageServices, startWorker } from './page-services.ts';
import { shownOf } from './shown.ts';
import { messageOf } from './state.ts';

/** A key held down moves the cursor many times a second. */
const REST_MS = 150;
/** Positions up to which a way through them is looked for. */
const MOST_TOKENS = 2 ** 22;

/** Finds the shortest way from the query to the key of the selected cell whenever it rests on another one. */
export function findWays(page: PageServices): void {
  const { store } = page;
  const worker = startWorker(page);
  let timer: ReturnType<typeof setTimeout> | undefined;
  const find = async (cell: Cell): Promise<void> => {
    const shown = shownOf(store.state);
    if (!shown?.bound) return;
    const { choice } = shown;
    const query = shown.bound.shape.offset + cell.row;
    try {
      if (shown.bound.shape.tokens > MOST_TOKENS)
        throw new Error(`ways are looked for up to n = ${count(MOST_TOKENS)}`);
      const way = await worker.ask({ kind: 'way', choice, query, key: cell.column });
      if (store.state.cell === cell && shownOf(store.state)?.choice === choice) store.update({ way: { answer: way } });
    } catch (error) {
      if (!(error instanceof Superseded) && store.state.cell === cell)
        store.update({ way: { problem: messageOf(error) } });
    }
  };
  const look = (): void => {
    clearTimeout(timer);
    const { cell } = store.state;
    store.update({ way: null });
    // Nobody wants what takes seconds any more.
    if (cell === null) worker.giveUp();
    else timer = setTimeout(() => void find(cell), REST_MS);
  };
  store.subscribe((state, before) => {
    if (state.cell !== before.cell || shownOf(state)?.choice !== shownOf(before)?.choice) look();
  });
  look();
}
