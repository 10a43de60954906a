import { describe, expect, it } from 'vitest';
import type { Pattern } from '../../../runtime/pattern/ir.ts';
import { isUniform, readsOf } from '../../../runtime/pattern/reads.ts';

const random = (perHead: boolean): Pattern => ({
  kind: 'primitive',
  name: 'random',
  args: {
    keys: { type: 'number', value: { op: 'number', value: 3 } },
    ...(perHead ? { per_head: { type: 'bool' as const, value: { op: 'number' as const, value: 1 } } } : {}),
  },
});
const reading = (name: 'head' | 'layer' | 'n'): Pattern => ({
  kind: 'primitive',
  name: 'sliding',
  args: { size: { type: 'number', value: { op: 'named', name: 'size', value: { op: 'shape', name, grid: 0 } } } },
});

describe('readsOf', () => {
  it('finds head and layer in numbers, however deep', () => {
    expect(readsOf({ kind: 'union', left: random(false), right: { kind: 'complement', of: reading('head') } })).toEqual(
      {
        head: true,
        layer: false,
      },
    );
    expect(readsOf({ kind: 'named', name: 'p', pattern: reading('layer') })).toEqual({ head: false, layer: true });
  });

  it('knows primitives that differ by themselves', () => {
    expect(readsOf(random(true))).toEqual({ head: true, layer: true });
    expect(isUniform(random(false))).toBe(true);
  });

  it('takes a pattern that reads its length for uniform', () => {
    expect(isUniform(reading('n'))).toBe(true);
  });
});
