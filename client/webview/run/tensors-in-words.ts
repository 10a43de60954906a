import type { TensorFile } from '../../preview/messages.ts';
import type { TensorShape } from '../../run/run-request.ts';
import { count } from '../format.ts';
import type { PageServices } from '../page-services.ts';
import { messageOf, type State } from '../state.ts';

/** Says what is in the file of tensors, as soon as that is known. */
export class TensorsInWords {
  readonly #page: PageServices;
  readonly #shapeOf: (file: TensorFile) => Promise<TensorShape>;
  #asked: State['tensors'] = null;
  #text: string | null = null;

  constructor(page: PageServices, shapeOf: (file: TensorFile) => Promise<TensorShape>) {
    this.#page = page;
    this.#shapeOf = shapeOf;
  }

  text(
    { tensors, tensorsProblem }: State,
    picked: { readonly uri: string; readonly name: string } | null,
  ): string | null {
    if (tensorsProblem !== null) return tensorsProblem;
    if (picked === null) return null;
    if (tensors === null || tensors.uri !== picked.uri) return picked.name;
    if (tensors !== this.#asked) void this.#ask(tensors);
    return this.#text ?? picked.name;
  }

  async #ask(tensors: NonNullable<State['tensors']>): Promise<void> {
    this.#asked = tensors;
    this.#text = null;
    let text: string;
    try {
      const { heads, kvHeads, queries, keys, headDim } = await this.#shapeOf(tensors);
      const kv = kvHeads === heads ? '' : ` (${kvHeads} kv)`;
      const rows = queries === keys ? '' : `, ${count(queries)} queries`;
      text = `${tensors.name}: ${heads}${kv} x ${headDim}, n = ${count(keys)}${rows}`;
    } catch (error) {
      text = messageOf(error);
    }
    if (this.#asked !== tensors) return;
    this.#text = text;
    // Nothing else has changed, and it is to be shown all the same.
    this.#page.store.update(({ sections }) => ({ sections: { ...sections } }));
  }
}
