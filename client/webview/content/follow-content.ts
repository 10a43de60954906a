import { otherOf } from '../compare/compared.ts';
import { Superseded } from '../drawing.ts';
import { type PageServices, startWorker } from '../page-services.ts';
import { type Shown, shownOf } from '../shown.ts';
import { type AskedContent, messageOf, type State } from '../state.ts';
import { isAbout } from './about-content.ts';

/** Has keys chosen on made-up data whenever a mask is to be shown, or compared with, that is chosen by content. */
export function followContent(page: PageServices): void {
  follow(page, 'content', shownOf);
  follow(page, 'otherContent', otherOf);
}

function follow(page: PageServices, field: 'content' | 'otherContent', wanted: (state: State) => Shown | null): void {
  const { store } = page;
  const worker = startWorker(page);
  const put = (asked: AskedContent): void =>
    store.update(field === 'content' ? { content: asked } : { otherContent: asked });
  const look = (): void => {
    const shown = wanted(store.state);
    if (shown === null || !shown.needsContent) return;
    const { model, tokens, layer, head } = shown.choice;
    const asked = store.state[field];
    if (asked !== null && isAbout(asked, shown.choice)) return;
    put({ model, tokens, layer, head, found: null });
    void choose(shown.choice);
  };
  const choose = async (choice: Shown['choice']): Promise<void> => {
    const { model, tokens, layer, head } = choice;
    const tell = (found: AskedContent['found']): void => {
      const asked = store.state[field];
      if (asked !== null && isAbout(asked, choice)) put({ model, tokens, layer, head, found });
    };
    try {
      tell({ answer: await worker.ask({ kind: 'choose', choice }) });
    } catch (error) {
      if (!(error instanceof Superseded)) tell({ problem: messageOf(error) });
    }
  };
  store.subscribe(look);
  look();
}
