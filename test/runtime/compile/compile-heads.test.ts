import { describe, expect, it } from 'vitest';
import { compileHeads } from '../../../runtime/compile/compile-heads.ts';
import { planPairs } from '../../../runtime/compile/tile-plan.ts';
import type { Model, NumberExpression, Pattern } from '../../../runtime/pattern/ir.ts';
import { patternAt, shapeAt, uncovered } from '../../../runtime/pattern/model.ts';

const literal = (value: number): NumberExpression => ({ op: 'number', value });
const sliding = (size: NumberExpression): Pattern => ({
  kind: 'primitive',
  name: 'sliding',
  args: { size: { type: 'number', value: size } },
});
const full: Pattern = { kind: 'primitive', name: 'full', args: {} };

const model: Model = {
  name: 'M',
  kind: 'model',
  tokens: 100,
  queries: null,
  align: 'end',
  layers: 2,
  heads: 4,
  kvHeads: 2,
  headDim: 64,
  dtype: 'f16',
  batch: 1,
  causal: false,
  rules: [
    { layers: [0], heads: [0, 1, 2, 3], pattern: sliding(literal(8)) },
    { layers: [0], heads: [3], pattern: full },
    {
      layers: [1],
      heads: [0, 1],
      pattern: sliding({
        op: 'binary',
        operator: '+',
        left: literal(1),
        right: { op: 'shape', name: 'head', grid: 0 },
      }),
    },
  ],
};

describe('models', () => {
  it('let later rules override earlier ones', () => {
    expect(patternAt(model, 0, 2)).toEqual(sliding(literal(8)));
    expect(patternAt(model, 0, 3)).toBe(full);
    expect(patternAt(model, 1, 2)).toBeUndefined();
    expect(uncovered(model)).toEqual([
      { layer: 1, head: 2 },
      { layer: 1, head: 3 },
    ]);
  });

  it('put queries at the end or at the start', () => {
    expect(shapeAt({ ...model, queries: 10 }, 0, 0)).toMatchObject({ tokens: 100, queries: 10, offset: 90 });
    expect(shapeAt({ ...model, queries: 10, align: 'start' }, 0, 0).offset).toBe(0);
    expect(() => shapeAt({ ...model, queries: 101 }, 0, 0)).toThrow(/101 queries but only 100/);
    expect(() => shapeAt(model, 2, 0)).toThrow(/layers 0 to 1/);
    expect(() => shapeAt({ ...model, tokens: null }, 0, 0)).toThrow(/how many tokens/);
  });

  it('apply causal to every rule', () => {
    expect(planPairs(compileHeads({ ...model, causal: true }, 0, [3], undefined).plans[0]!)).toBe(5050);
  });
});

describe('compileHeads', () => {
  it('shares plans between heads that cannot differ', () => {
    const { plans, headPlan } = compileHeads(model, 0, [0, 1, 2, 3], undefined);
    expect(headPlan).toEqual([0, 0, 0, 1]);
    expect(plans.map(planPairs)).toEqual([100 * 8 - 28, 10_000]);
  });

  it('keeps heads apart that read their number', () => {
    const { plans, headPlan } = compileHeads(model, 1, [0, 1], 50);
    expect(headPlan).toEqual([0, 1]);
    expect(plans.map(planPairs)).toEqual([50, 99]);
  });

  it('shares plans between heads whose patterns read their number and are equal all the same', () => {
    const size: NumberExpression = {
      op: 'choose',
      condition: { op: 'binary', operator: '<', left: { op: 'shape', name: 'head', grid: 0 }, right: literal(2) },
      then: literal(4),
      otherwise: literal(8),
    };
    const choosing = { ...model, rules: [{ layers: [0], heads: [0, 1, 2, 3], pattern: sliding(size) }] };
    const { plans, headPlan } = compileHeads(choosing, 0, [0, 1, 2, 3], undefined);
    expect(headPlan).toEqual([0, 0, 1, 1]);
    expect(plans).toHaveLength(2);
  });

  it('says which head no rule reaches', () => {
    expect(() => compileHeads(model, 1, [2], undefined)).toThrow(/layer 1, head 2/);
  });
});
