import { describe, expect, it } from 'vitest';
import { pairsByLength } from '../../../runtime/analyse/scaling.ts';
import type { Pattern } from '../../../runtime/pattern/ir.ts';
import { squareShape } from '../../../runtime/pattern/shape.ts';
import { createLanguage, NO_FILES } from '../../../server/language.ts';

const language = createLanguage(NO_FILES);

async function patternOf(text: string): Promise<Pattern> {
  const pattern = (await language.lowerExpression(text)).rules[0]?.pattern;
  if (pattern === undefined) throw new Error('no pattern');
  return pattern;
}

describe('pairs by length', () => {
  it('counts the whole and its parts as one pair after another does', async () => {
    const whole = await patternOf('sliding(9) | columns([0, 3])');
    const part = await patternOf('columns([0, 3])');
    const lengths = [4, 5, 37, 130];
    const counted = pairsByLength(tokens => ({ shape: squareShape(tokens), whole, parts: [part] }), lengths);
    for (const { tokens, full, whole: pairs, parts } of counted) {
      expect(full).toBe(tokens ** 2);
      let expected = 0;
      for (let i = 0; i < tokens; i++)
        for (let j = 0; j < tokens; j++) if ((i >= j && i - j < 9) || j === 0 || j === 3) expected++;
      expect(pairs).toBe(expected);
      expect(parts).toEqual([2 * tokens]);
    }
    expect(counted.map(each => each.tokens)).toEqual(lengths);
  });

  it('leaves out lengths without a meaning and ends where a mask is too irregular', async () => {
    const grid = await patternOf('axial([8, 8])');
    const at = (whole: Pattern) => (tokens: number) => ({ shape: squareShape(tokens), whole, parts: [] });
    expect(pairsByLength(at(grid), [32, 64, 128]).map(each => each.tokens)).toEqual([64]);
    const random = await patternOf('random(8)');
    const few = pairsByLength(at(random), [64, 128, 16_384], { maxNodes: 1000 });
    expect(few.map(each => each.tokens)).toEqual([64, 128]);
  });
});
