import { Drawer } from './drawer.ts';
import type { TilesWanted, WarmUp } from './drawing-messages.ts';
import { explain } from './explain.ts';

/** The worker that draws the picture and nothing else: it comes with the page, so it is small. */
declare const self: DedicatedWorkerGlobalScope;

const drawer = new Drawer((message, transfer) => self.postMessage(message, transfer), explain);

self.onmessage = ({ data }: MessageEvent<TilesWanted | WarmUp>) => {
  if ('warm' in data) drawer.warmUp();
  else drawer.want(data);
};
