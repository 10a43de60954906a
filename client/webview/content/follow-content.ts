import { Superseded } from '../drawing.ts';
import { type PageServices, startWorker } from '../page-services.ts';
import { shownOf } from '../shown.ts';
import { messageOf } from '../state.ts';
import { isAbout } from './about-content.ts';

/** Has keys chosen on made-up data whenever a mask is to be shown that is chosen by content. */
export function followContent(page: PageServices): void {
  const { store } = page;
  const worker = startWorker(page);
  const look = (): void => {
    const shown = shownOf(store.state);
    if (shown === null || !shown.needsContent) return;
    const { model, tokens, layer, head } = shown.choice;
    const asked = store.state.content;
    if (asked !== null && isAbout(asked, shown.choice)) return;
    store.update({ content: { model, tokens, layer, head, found: null } });
    void choose(shown.choice);
  };
  const choose = async (
    choice: Parameters<typeof isAbout>[1] & { readonly hidden: readonly string[] },
  ): Promise<void> => {
    const { model, tokens, layer, head } = choice;
    const tell = (found: NonNullable<typeof store.state.content>['found']): void => {
      const { content } = store.state;
      if (content !== null && isAbout(content, choice))
        store.update({ content: { model, tokens, layer, head, found } });
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
