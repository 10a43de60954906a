import type { Method } from './method.ts';
import { topk } from './topk.ts';

/** How each primitive that selects by content chooses, by its name. */
export const methods: ReadonlyMap<string, Method> = new Map([['topk', topk]]);
