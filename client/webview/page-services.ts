import type { StartedWorkers } from '../preview/first-script.ts';
import type { ToHost } from '../preview/messages.ts';
import { LatestWorker } from './drawing.ts';
import type { Inquirer } from './inquirer.ts';
import type { OverPicture } from './over-picture.ts';
import type { State } from './state.ts';
import type { Store } from './store.ts';

/** What the parts of the page work with: what is known, who computes, and the extension behind it all. */
export interface PageServices {
  readonly store: Store<State>;
  /** Asks what sections want to know about the mask that is shown. */
  readonly inquirer: Inquirer;
  readonly workers: StartedWorkers;
  /** Finds the address from which workers start that answer questions. */
  readonly workerUrl: () => Promise<string>;
  /** Address of the script of workers that run attention, measure or search; fetched when one is needed. */
  readonly computeScript: string;
  /** What sections lay over the picture. */
  readonly overPicture: OverPicture[];
  send(message: ToHost): void;
}

/** A worker of its own for one kind of question, which is asked again whenever the mask changes. */
export function startWorker({ workerUrl }: PageServices): LatestWorker {
  return new LatestWorker(workerUrl);
}
