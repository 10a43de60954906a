import { openSurveyor } from '../../runtime/analyse/quality/open-surveyor.ts';
import type { Surveyor } from '../../runtime/analyse/quality/survey.ts';
import { quality } from '../../runtime/analyse/quality.ts';
import { suggestWithin } from '../../runtime/analyse/suggest/within-time.ts';
import { type LayerInput, suggest } from '../../runtime/analyse/suggest.ts';
import type { AttendOptions, AttentionInput } from '../../runtime/attention/types.ts';
import type { Machine } from './attend-on.ts';
import { partsFor } from './parts-for.ts';
import type { Measure } from './quality.ts';

/** Measures with whatever computes attention. */
export function qualityOn({ attend, hosts, whenReleased }: Machine): Measure {
  const surveyors = new Map<AttendOptions['backend'], Surveyor>();
  /** What looks at probabilities beside a backend, until all is released. */
  const surveyor = (backend: AttendOptions['backend'] = 'auto'): Surveyor => {
    const known = surveyors.get(backend);
    if (known !== undefined) return known;
    const opened = openSurveyor(hosts(), backend);
    surveyors.set(backend, opened);
    whenReleased(() => {
      surveyors.delete(backend);
      opened.dispose();
    });
    return opened;
  };
  return {
    quality: async (input, masks, options = {}) =>
      quality({ attend }, input, partsFor(input, masks), {
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
