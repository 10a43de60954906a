import { quality } from '../../runtime/analyse/quality.ts';
import { suggestWithin } from '../../runtime/analyse/suggest/within-time.ts';
import { type LayerInput, suggest } from '../../runtime/analyse/suggest.ts';
import type { AttentionInput } from '../../runtime/attention/types.ts';
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
    suggest: (input, options) => suggest({ attend }, layersOf(input), options),
    suggestWithin: (input, options) => suggestWithin({ attend }, layersOf(input), options),
  };
}

function layersOf(input: AttentionInput | readonly AttentionInput[]): LayerInput[] {
  const layers = 'q' in input ? [input] : input;
  return layers.map((tensors, layer) => ({ layer, read: async () => tensors }));
}
