import { structuredInput } from '../../../runtime/attention/structured-data.ts';
import { chosenModel } from '../../../runtime/dynamic/chosen-model.ts';
import type { Model, Pattern } from '../../../runtime/pattern/ir.ts';
import { patternAt, shapeAt } from '../../../runtime/pattern/model.ts';
import { PatternError } from '../../../runtime/pattern/primitive.ts';
import { count } from '../format.ts';
import type { MaskChoice } from '../mask-choice.ts';
import type { SampleContent } from './sample-content.ts';

/** Longer sequences would keep the page waiting. */
const MOST_TOKENS = 4096;
/** Head width where a model does not say. */
const HEAD_DIM = 64;
const SEED = 0;
/** Methods that look for tokens of a kind; the others look for keys that matter. */
const GROUPING = new Set(['lsh', 'routing']);

/**
 * The mask of a choice for made-up queries and keys, where keys are chosen by content. The same for every head: what differs
 * between heads is what their patterns say.
 *
 * @throws PatternError when the sequence is too long, or a value has no meaning there
 */
export async function chooseSample({ model, layer, head, tokens }: MaskChoice): Promise<SampleContent> {
  if (tokens > MOST_TOKENS)
    throw new PatternError(
      'shape',
      `Keys that are chosen by content are drawn on made-up data, for up to ${count(MOST_TOKENS)} tokens. \`sparse draw --input\` draws longer sequences for tensors of your own.`,
    );
  const { queries } = shapeAt(model, layer, head, tokens);
  const pattern = patternAt(model, layer, head);
  const kind = pattern !== undefined && looksForKinds(pattern) ? 'clusters' : 'sinks';
  const headDim = model.headDim ?? HEAD_DIM;
  const shape = { heads: 1, kvHeads: 1, queries, keys: tokens, headDim };
  const chosen: Model = await chosenModel(model, layer, [head], structuredInput(shape, kind, SEED));
  return { model: chosen, tokens, layer, head, kind, seed: SEED, headDim };
}

function looksForKinds(pattern: Pattern): boolean {
  switch (pattern.kind) {
    case 'primitive':
      return (
        GROUPING.has(pattern.name) ||
        Object.values(pattern.args).some(argument => argument.type === 'pattern' && looksForKinds(argument.value))
      );
    case 'union':
    case 'intersection':
    case 'difference':
      return looksForKinds(pattern.left) || looksForKinds(pattern.right);
    case 'complement':
      return looksForKinds(pattern.of);
    case 'choose':
      return looksForKinds(pattern.then) || looksForKinds(pattern.otherwise);
    case 'named':
      return looksForKinds(pattern.pattern);
    case 'where':
      return false;
  }
}
