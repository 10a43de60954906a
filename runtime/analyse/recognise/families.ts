import type { Shape } from '../../pattern/shape.ts';
import { by, named, positionsText } from './expression.ts';
import { causalName } from './names/causal.ts';
import { are, args, type ByKind, byKind, library, type Name, unless } from './names/name.ts';
import { openName } from './names/open.ts';
import { perHeadName, repeatedName } from './names/per-head.ts';
import { axialName, singleName } from './names/primitive.ts';
import { expressionOf, type Whole } from './parts.ts';

/** The design that a whole is at a shape, by the name of whoever published it where there is one. */
export function nameOf(whole: Whole, shape: Shape): Name {
  const parts = byKind(whole.parts);
  const found =
    parts === undefined
      ? repeatedName(whole, shape)
      : (axialName(parts, whole) ??
        perHeadName(parts, whole, shape) ??
        (whole.causal ? causalName : openName)(parts, whole) ??
        singleName(whole) ??
        blockedName(parts, whole, shape));
  return found ?? { family: 'Composition', parameters: {}, expression: expressionOf(whole) };
}

function blockedName(parts: ByKind, whole: Whole, shape: Shape): Name | undefined {
  const { blocked } = parts;
  if (!are(parts, 'blocked') || blocked === undefined) return undefined;
  const { size, of } = blocked;
  const grid = byKind(of.parts);
  if (grid !== undefined && !whole.causal) {
    const { band, global, random } = grid;
    const isBigBird =
      (are(grid, 'band', 'global') || are(grid, 'band', 'global', 'random')) &&
      band?.before === 1 &&
      band.after === 1 &&
      global !== undefined &&
      positionsText(global.tokens, of.n) === '[0, -1]';
    // The library draws for each head and layer on its own.
    const isOwnDraw = random === undefined || random.perHead || (shape.head === 0 && shape.layer === 0);
    if (isBigBird && isOwnDraw) {
      const [keys, seed] = [random?.keys ?? 0, random?.seed ?? 0];
      return {
        family: 'BigBird',
        parameters: { block: size, random: keys, ...(keys === 0 ? {} : { seed }) },
        expression: library(
          'bigbird',
          'bigbird',
          args(
            by('size', size),
            unless('3', by('random_blocks', keys)),
            keys === 0 ? [] : unless('0', named('seed', seed)),
          ),
          whole,
        ),
      };
    }
    if (are(grid, 'band') && band?.before === 1 && band.after === 0)
      return {
        family: 'Reformer, local',
        parameters: { chunk: size },
        expression: library('reformer', 'reformer_local', [by('size', size)], whole),
      };
  }
  const inner = nameOf(of, shape);
  return {
    family: `${inner.family}, in blocks`,
    parameters: { block: size, ...inner.parameters },
    expression: expressionOf(whole),
  };
}
