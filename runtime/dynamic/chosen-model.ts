import { labelOf } from '../draw/parts.ts';
import { isDynamic } from '../pattern/bind.ts';
import { bitsBetween } from '../pattern/bits.ts';
import type { Argument, Model, Pattern } from '../pattern/ir.ts';
import type { Mask } from '../pattern/mask.ts';
import { emptyMask, MAX_MASK_PAIRS, packMask, wordsOfRow } from '../pattern/mask-bits.ts';
import { evaluate } from '../pattern/numbers.ts';
import { PatternError } from '../pattern/primitive.ts';
import type { Shape } from '../pattern/shape.ts';
import { chooseCalls } from './bind-content.ts';
import { createRowSelector } from './rows/row-selector.ts';
import {
  type DynamicHead,
  dynamicHeads,
  headContent,
  type SelectionInput,
  type SelectOptions,
} from './select-heads.ts';

/** Most tokens of which what was chosen is kept pair by pair. */
export const MOST_CHOSEN_TOKENS = Math.floor(Math.sqrt(MAX_MASK_PAIRS));

/**
 * A model whose masks are those that content chooses for given queries and keys of some heads of one layer: what selects is
 * replaced by a mask of what it selected, so that the model can be drawn, counted and exported like any other. Each call
 * keeps its place in the source and its name in labels.
 *
 * `heads[h]` is the model's head that head h of the input is.
 *
 * @throws PatternError when the sequence is too long to keep its pairs, and all that `selectHeads` throws
 */
export async function chosenModel(
  model: Model,
  layer: number,
  heads: readonly number[],
  input: SelectionInput,
  options: Omit<SelectOptions, 'tile' | 'maxNodes'> = {},
): Promise<Model> {
  const { signal, onProgress, checkpoint } = options;
  const rows = options.rows ?? createRowSelector();
  const dynamic = dynamicHeads(model, layer, heads, input);
  if (dynamic.length > 0 && input.keys > MOST_CHOSEN_TOKENS)
    throw new PatternError(
      'shape',
      `what content chooses is kept pair by pair here, for at most ${MOST_CHOSEN_TOKENS} tokens, and n = ${input.keys}; \`run\` has no such limit`,
      undefined,
      true,
    );
  const rules = [...model.rules];
  for (const [at, head] of dynamic.entries()) {
    const onHead = onProgress && ((share: number): void => onProgress((at + share) / dynamic.length));
    const content = headContent(input, head.index, options.scale);
    const calls = await chooseCalls(head.pattern, head.shape, {
      content,
      rows,
      checkpoint,
      signal,
      onProgress: onHead,
    });
    rules.push({ layers: [layer], heads: [heads[head.index] ?? 0], pattern: replaced(head, calls) });
  }
  return { ...model, tokens: input.keys, rules };
}

/** The pattern of a head with masks in the place of what selects. */
function replaced({ pattern, shape }: DynamicHead, calls: ReadonlyMap<Pattern, Mask>): Pattern {
  const of = (part: Pattern): Pattern => {
    if (!isDynamic(part, shape)) return part;
    switch (part.kind) {
      case 'primitive': {
        const mask = calls.get(part);
        if (mask !== undefined) return maskOf(mask, part, shape);
        const args = Object.entries(part.args).map(([name, argument]): [string, Argument] => [
          name,
          argument.type === 'pattern' ? { ...argument, value: of(argument.value) } : argument,
        ]);
        return { ...part, args: Object.fromEntries(args) };
      }
      case 'union':
      case 'intersection':
      case 'difference':
        return { ...part, left: of(part.left), right: of(part.right) };
      case 'complement':
        return { ...part, of: of(part.of) };
      case 'choose':
        return of(evaluate(part.condition, shape) !== 0 ? part.then : part.otherwise);
      case 'named':
        return { ...part, pattern: of(part.pattern) };
      case 'where':
        return part;
    }
  };
  return of(pattern);
}

/** The pairs of a mask at the shape's query rows, as a mask that is written out. */
function maskOf(mask: Mask, call: Pattern, shape: Shape): Pattern {
  const { tokens, queries, offset } = shape;
  const bits = emptyMask(null, tokens);
  const words = wordsOfRow(tokens);
  for (let row = offset; row < offset + queries; row++)
    for (let word = 0; word < words; word++)
      bits.words[row * words + word] = mask.word(row, 32 * word) & bitsBetween(0, tokens - 32 * word);
  const label = labelOf(call, shape);
  const value = { ...packMask(bits, label), chosenBy: label };
  const path: Argument = { type: 'mask', value, ...(call.span && { span: call.span }) };
  return { kind: 'primitive', name: 'mask', args: { path }, ...(call.span && { span: call.span }) };
}
