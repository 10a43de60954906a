import { here } from './machine.web.ts';
import type { Measure } from './quality.ts';
import { qualityOn } from './quality-on.ts';

export * from './quality.ts';

let measure: Measure | undefined;
/** Made when it is first needed, so that bundlers leave it out of programs that do not measure. */
const measured = (): Measure => {
  measure ??= qualityOn(here);
  return measure;
};

// Documented in quality.node.ts, whose types both have.
export const quality: Measure['quality'] = (...given) => measured().quality(...given);
export const suggest: Measure['suggest'] = (...given) => measured().suggest(...given);
export const suggestWithin: Measure['suggestWithin'] = (...given) => measured().suggestWithin(...given);
