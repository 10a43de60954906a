import { quality } from '../../runtime/analyse/quality.ts';
import { suggest } from '../../runtime/analyse/suggest.ts';
import type { Machine } from './attend-on.ts';
import type { Measure } from './quality.ts';

/** Measures with whatever computes attention. */
export function qualityOn({ attend, surveyor }: Machine): Measure {
  return {
    quality: (input, masks, options = {}) =>
      quality({ attend }, input, 'parts' in masks ? masks.parts : masks, {
        surveyor: surveyor(options.backend),
        ...options,
      }),
    suggest(input, options) {
      const layers = 'q' in input ? [input] : input;
      return suggest(
        { attend },
        layers.map((tensors, layer) => ({ layer, read: async () => tensors })),
        options,
      );
    },
  };
}
