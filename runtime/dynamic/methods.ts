import { blockTopk } from './block-topk.ts';
import { lsh } from './lsh.ts';
import type { Method } from './method.ts';
import { routing } from './routing.ts';
import { threshold } from './threshold.ts';
import { topk } from './topk.ts';
import { verticalSlash } from './vertical-slash.ts';

/** How each primitive that selects by content chooses, by its name. */
export const methods: ReadonlyMap<string, Method> = new Map([
  ['topk', topk],
  ['threshold', threshold],
  ['block_topk', blockTopk],
  ['lsh', lsh],
  ['routing', routing],
  ['vertical_slash', verticalSlash],
]);
