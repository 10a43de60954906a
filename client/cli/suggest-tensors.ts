import { suggestFor } from '../../runtime/analyse/suggest/within-time.ts';
import type { LayerInput } from '../../runtime/analyse/suggest.ts';
import { openAttention } from './measure.ts';
import type { Session } from './session.ts';
import { checkIndex } from './subject.ts';
import { budgetOf, type SuggestCommand } from './suggest-options.ts';
import type { Found } from './suggest-report.ts';
import { layerOf, openInput } from './tensors.ts';

/** `suggest --input`: for tensors of a file. */
export async function suggestForTensors(options: SuggestCommand, session: Session): Promise<Found> {
  const { signal } = session;
  const input = await openInput(options.input, options, signal);
  const attention = openAttention();
  try {
    const layers = options.layer === undefined ? input.layers : [layerOf(input, options.layer)];
    const inputs = layers.map((layer): LayerInput => {
      const read = async () => {
        const { head } = options;
        if (head === undefined) return input.read(layer);
        checkIndex(input.name, 'head', head, (await input.sizes(layer)).q.heads);
        return input.read(layer, { from: head, to: head + 1 });
      };
      // What is read once only stays; layers of large files are read again.
      let kept: ReturnType<typeof read> | undefined;
      return {
        layer: layer ?? 0,
        read() {
          if (layers.length > 1) return read();
          kept ??= read();
          return kept;
        },
      };
    });
    const suggestion = await session.during('Searching', progress =>
      suggestFor(attention, inputs, budgetOf(options), {
        ...(options.against && { baseline: options.against }),
        listed: options.listed === true,
        dynamic: options.static !== true,
        perHead: options.shared !== true,
        subject: input.name,
        backend: options.backend,
        precision: options.dtype,
        signal,
        onProgress: share => progress.update(share),
      }),
    );
    // One head alone was the first of those that were searched.
    const heads = suggestion.heads.map(each => ({ ...each, head: options.head ?? each.head }));
    return { suggestion: { ...suggestion, heads }, input: input.name, prediction: null };
  } finally {
    attention.dispose();
    await input.close();
  }
}
