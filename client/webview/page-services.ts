import type { ToHost } from '../preview/messages.ts';
import { LatestWorker } from './drawing.ts';
import type { State } from './state.ts';
import type { Store } from './store.ts';

/** What the parts of the page work with: what is known, who computes, and the extension behind it all. */
export interface PageServices {
  readonly store: Store<State>;
  /** Address from which workers start; see `workerUrl`. */
  readonly workerUrl: Promise<string>;
  /** Script of the workers that measure quality, fetched when one is needed. */
  readonly qualityScript: string;
  send(message: ToHost): void;
}

/** A worker of its own for one kind of question, which is asked again whenever the mask changes. */
export function startWorker({ workerUrl }: PageServices): LatestWorker {
  return new LatestWorker(workerUrl);
}
