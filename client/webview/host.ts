import type { ToHost, ToPage } from '../preview/messages.ts';
import type { SavedPage } from './kept-state.ts';

interface VsCodeApi {
  postMessage(message: ToHost): void;
  getState(): unknown;
  setState(state: SavedPage): void;
}

declare function acquireVsCodeApi(): VsCodeApi;

/** The extension behind the page. VS Code hands it out once. */
export const host = acquireVsCodeApi();

/** Calls back with every message of the extension. */
export function onMessage(receive: (message: ToPage) => void): void {
  window.addEventListener('message', (event: MessageEvent<ToPage>) => receive(event.data));
}
