import type { Argument, Model, NumberExpression, Pattern } from '../../../runtime/pattern/ir.ts';

export const at = (value: number): NumberExpression => ({ op: 'number', value });
export const number = (value: number): Argument => ({ type: 'number', value: at(value) });
export const call = (name: string, args: Record<string, number> = {}): Pattern => ({
  kind: 'primitive',
  name,
  args: Object.fromEntries(Object.entries(args).map(([key, value]) => [key, number(value)])),
});
export const list = (name: string, positions: readonly number[]): Pattern => ({
  kind: 'primitive',
  name,
  args: { tokens: { type: 'positions', items: positions.map(position => ({ at: at(position) })) } },
});
export const grid = (size: number, p: Pattern): Pattern => ({
  kind: 'primitive',
  name: 'blocked',
  args: { size: number(size), p: { type: 'pattern', value: p } },
});
export const and = (left: Pattern, right: Pattern): Pattern => ({ kind: 'intersection', left, right });
export const or = (left: Pattern, right: Pattern): Pattern => ({ kind: 'union', left, right });
export const causal = call('causal');
export const past = (pattern: Pattern): Pattern => and(pattern, causal);

/** A model with a pattern for each layer, or a bare pattern when there is just one. */
export function model(tokens: number, patterns: readonly Pattern[], more: Partial<Model> = {}): Model {
  return {
    name: 'M',
    kind: 'model',
    tokens,
    queries: null,
    align: 'end',
    layers: patterns.length,
    heads: 1,
    kvHeads: 1,
    headDim: null,
    dtype: 'f16',
    batch: 1,
    causal: false,
    rules: patterns.map((pattern, layer) => ({ layers: [layer], heads: [0], pattern })),
    ...more,
  };
}

export const window = (radius: number): Pattern => call('window', { radius });
export const transposed = (p: Pattern): Pattern => ({
  kind: 'primitive',
  name: 'transpose',
  args: { p: { type: 'pattern', value: p } },
});
