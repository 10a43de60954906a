import { describe, expect, it } from 'vitest';
import { bindPattern } from '../../../runtime/pattern/bind.ts';
import type { Argument, NumberExpression, Pattern } from '../../../runtime/pattern/ir.ts';
import { PatternError } from '../../../runtime/pattern/primitive.ts';
import { primitives } from '../../../runtime/pattern/primitives.ts';
import { MAX_TOKENS, squareShape } from '../../../runtime/pattern/shape.ts';

const literal = (value: number): NumberExpression => ({ op: 'number', value });
const number = (value: number | NumberExpression): Argument => ({
  type: 'number',
  value: typeof value === 'number' ? literal(value) : value,
  span: { uri: 'file:///a.sparse', start: 7, end: 9 },
});
const positions = (...items: (number | [number, number])[]): Argument => ({
  type: 'positions',
  items: items.map(item =>
    typeof item === 'number' ? { at: literal(item) } : { from: literal(item[0]), to: literal(item[1]) },
  ),
});
const call = (name: string, args: Record<string, Argument> = {}): Pattern => ({ kind: 'primitive', name, args });
const n: NumberExpression = { op: 'shape', name: 'n', grid: 0 };

function failure(pattern: Pattern, tokens = 64): PatternError {
  try {
    bindPattern(pattern, squareShape(tokens));
  } catch (error) {
    if (error instanceof PatternError) return error;
    throw error;
  }
  throw new Error('it was accepted');
}

describe('bindPattern', () => {
  it.each([
    [call('window', { size: number(-3) }), 'argument-range', /at least 0, got -3/],
    [call('window'), 'argument-range', /needs a size/],
    [call('window', { size: number(3), radius: number(2) }), 'argument-range', /either size or radius/],
    [call('window', { size: number(3), before: number(2), after: number(1) }), 'argument-range', /not both/],
    [call('window', { before: number(2) }), 'argument-range', /after: 0/],
    [call('window', { size: number(2.5) }), 'argument-integer', /floor\(...\) or ceil/],
    [call('window', { size: number(2), dilation: number(0) }), 'argument-range', /at least 1/],
    [call('sliding'), 'argument-missing', /sliding\(4096\)/],
    [call('sliding', { size: number(0) }), 'argument-range', /at least 1/],
    [call('strided', { stride: number(4), offset: number(4) }), 'argument-range', /smaller than the stride/],
    [call('fixed', { stride: number(4), columns: number(5) }), 'argument-range', /at most the stride/],
    [call('exponential', { base: number(1) }), 'argument-range', /more than 1/],
    [call('block', { size: number(0) }), 'argument-range', /at least 1/],
    [call('random', { keys: number(-1) }), 'argument-range', /at least 0/],
    [call('global', { tokens: positions(64) }), 'position-range', /n = 64/],
    [call('global', { tokens: positions(-65) }), 'position-range', /outside/],
    [call('columns', { tokens: positions([5, 3]) }), 'position-range', /backwards/],
    [call('columns', { tokens: positions([0, 65]) }), 'position-range', /outside/],
    [call('columns', { tokens: positions(0.5) }), 'argument-integer', /whole/],
    [call('windw'), 'unknown-primitive', /windw/],
    [
      call('sliding', { size: number({ op: 'binary', operator: '/', left: n, right: literal(0) }) }),
      'number',
      /division by zero/,
    ],
  ])('refuses %j', (pattern, code, message) => {
    const error = failure(pattern);
    expect(error.code).toBe(code);
    expect(error.message).toMatch(message);
  });

  it('points at the argument and knows what another length could mend', () => {
    expect(failure(call('sliding', { size: number(-3) })).span).toEqual({ uri: 'file:///a.sparse', start: 7, end: 9 });
    expect(failure(call('sliding', { size: number(-3) })).dependsOnTokens).toBe(false);
    const shrinking = number({ op: 'binary', operator: '-', left: n, right: literal(100) });
    expect(failure(call('sliding', { size: shrinking })).dependsOnTokens).toBe(true);
    expect(failure(call('global', { tokens: positions(64) })).dependsOnTokens).toBe(true);
  });

  it('refuses lengths that make no sense', () => {
    for (const tokens of [0, -1, 1.5, Number.NaN, MAX_TOKENS + 1])
      expect(failure(call('full'), tokens).code).toBe('shape');
    expect(() => bindPattern(call('full'), squareShape(MAX_TOKENS))).not.toThrow();
  });

  it('takes whole values however they were computed', () => {
    const ten = number({ op: 'binary', operator: '/', left: literal(20), right: literal(2) });
    expect(() => bindPattern(call('sliding', { size: ten }), squareShape(64))).not.toThrow();
  });
});

describe('primitives', () => {
  it('are documented well enough to be used from completion and hover', () => {
    for (const primitive of primitives.values()) {
      expect(primitive.summary, primitive.name).toMatch(/\.$/);
      expect(primitive.condition, primitive.name).not.toBe('');
      expect(primitive.example, primitive.name).toContain(`${primitive.name}(`);
      expect(primitive.snippets.length, primitive.name).toBeGreaterThan(0);
      for (const parameter of primitive.parameters) {
        expect(parameter.documentation, `${primitive.name}.${parameter.name}`).toMatch(/\.$/);
        if (parameter.default !== undefined)
          expect(
            ['n', 'true', 'false', 'full()', 'causal()'].includes(parameter.default) ||
              Number.isFinite(Number(parameter.default)),
          ).toBe(true);
      }
    }
  });
});
