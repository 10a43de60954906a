import { webWorkers } from '../../runtime/attention/cpu/workers.web.ts';
import type { Attend } from './attend.ts';
import { here } from './machine.web.ts';
import { type SelectMasks, selectOn } from './select-on.ts';

export * from './attend.ts';
export * from './compile.ts';
export type { SelectChoice, SelectionInput } from './select-on.ts';

// Documented in attend.node.ts, whose types both have.
export const attend: Attend['attend'] = here.attend;
export const backends: Attend['backends'] = here.backends;
export const release: Attend['release'] = here.release;
export const select: SelectMasks = (model, input, choice) => selectOn(webWorkers(), model, input, choice);
