import type { Model, Rule } from '../../pattern/ir.ts';
import { type Expression, patternOf, textOf } from '../recognise/expression.ts';

/** A pattern for every layer and head of some tensors. */
export interface Proposal {
  /** What kind of pattern it is, in words. */
  readonly family: string;
  /** Does it choose keys by content? */
  readonly isDynamic: boolean;
  /** [layers][heads] */
  readonly expressions: readonly (readonly Expression[])[];
}

/** The tensors that a proposal is for. */
export interface ProposalShape {
  /** Numbers of the layers. */
  readonly layers: readonly number[];
  readonly heads: number;
  readonly kvHeads: number;
  readonly queries: number;
  readonly keys: number;
  readonly headDim: number;
  /** Position of query row 0. */
  readonly offset: number;
}

/** One pattern for all. */
export function everywhere(
  family: string,
  expression: Expression,
  { layers, heads }: ProposalShape,
  isDynamic = false,
): Proposal {
  return { family, isDynamic, expressions: layers.map(() => new Array<Expression>(heads).fill(expression)) };
}

/** Heads of layers that have a pattern of their own; the first group is for all that no other one names. */
interface Group {
  readonly expression: Expression;
  readonly places: readonly { readonly layers: readonly number[]; readonly heads: readonly number[] }[];
}

/** The proposal as a model: heads that share a pattern share a rule. */
export function modelOf(proposal: Proposal, shape: ProposalShape): Model {
  const { heads, kvHeads, queries, keys, headDim, offset } = shape;
  const layers = Math.max(...shape.layers) + 1;
  const all = { layers: upTo(layers), heads: upTo(heads) };
  const rules = groupsOf(proposal, shape).flatMap(({ expression, places }, index): Rule[] =>
    (index === 0 ? [all] : places).map(place => ({ ...place, pattern: patternOf(expression) })),
  );
  return {
    name: 'Suggested',
    kind: 'model',
    tokens: keys,
    queries,
    align: offset === 0 && queries < keys ? 'start' : 'end',
    ...{ layers, heads, kvHeads, headDim, rules },
    dtype: 'f16',
    batch: 1,
    causal: false,
  };
}

/** The proposal as the text of a `.sparse` file: a pattern when all heads share one, else a model. */
export function sparseText(proposal: Proposal, shape: ProposalShape, documentation: readonly string[]): string {
  const groups = groupsOf(proposal, shape);
  const [first] = groups;
  if (first === undefined) return '';
  const comment = `/**\n${documentation.map(line => ` * ${line.replaceAll('*/', '* /')}`).join('\n')}\n */\n`;
  if (groups.length === 1) return `${comment}pattern suggested = ${textOf(first.expression)}\n`;
  const { heads, kvHeads, queries, keys, headDim, offset } = shape;
  const lines = [
    `tokens = ${keys}`,
    ...(queries === keys ? [] : [`queries = ${queries}`]),
    ...(offset === 0 && queries < keys ? ['align = start'] : []),
    `layers = ${Math.max(...shape.layers) + 1}`,
    `heads = ${heads}`,
    ...(kvHeads === heads ? [] : [`kv_heads = ${kvHeads}`]),
    `head_dim = ${headDim}`,
    `attention = ${textOf(first.expression)}`,
    ...groups.slice(1).flatMap(({ expression, places }) =>
      places.map(place => {
        const where = [
          ...(shape.layers.length > 1 || Math.max(...shape.layers) > 0 ? [`layers [${place.layers.join(', ')}]`] : []),
          `heads [${place.heads.join(', ')}]`,
        ];
        return `attention ${where.join(', ')} = ${textOf(expression)}`;
      }),
    ),
  ];
  return `${comment}model Suggested {\n${lines.map(line => `  ${line}\n`).join('')}}\n`;
}

/** Distinct patterns, the one that most heads have first. */
function groupsOf({ expressions }: Proposal, { layers }: ProposalShape): Group[] {
  const byText = new Map<string, { expression: Expression; heads: Map<string, number[]>; count: number }>();
  expressions.forEach((ofLayer, index) => {
    const own = new Map<string, number[]>();
    ofLayer.forEach((expression, head) => {
      const text = textOf(expression);
      own.set(text, [...(own.get(text) ?? []), head]);
      if (!byText.has(text)) byText.set(text, { expression, heads: new Map(), count: 0 });
    });
    for (const [text, heads] of own) {
      const group = byText.get(text);
      if (group === undefined) continue;
      group.count += heads.length;
      const key = heads.join();
      group.heads.set(key, [...(group.heads.get(key) ?? []), layers[index] ?? index]);
    }
  });
  return [...byText.values()]
    .sort((a, b) => b.count - a.count)
    .map(({ expression, heads }) => ({
      expression,
      places: [...heads].map(([key, of]) => ({ layers: of, heads: key.split(',').map(Number) })),
    }));
}

function upTo(count: number): number[] {
  return [...Array(count).keys()];
}
