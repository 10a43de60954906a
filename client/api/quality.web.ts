import { here } from './machine.web.ts';
import type { Measure } from './quality.ts';
import { qualityOn } from './quality-on.ts';

export * from './quality.ts';

const measure = qualityOn(here);

// Documented in quality.node.ts, whose types both have.
export const quality: Measure['quality'] = measure.quality;
export const suggest: Measure['suggest'] = measure.suggest;
export const suggestWithin: Measure['suggestWithin'] = measure.suggestWithin;
