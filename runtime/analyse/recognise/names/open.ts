import { by, type Value, valueText } from '../expression.ts';
import type { Intervals } from '../intervals.ts';
import { expressionOf, type Whole } from '../parts.ts';
import { are, args, type ByKind, library, type Name, prefixLength, unless } from './name.ts';
import { bandName } from './primitive.ts';

function positions(tokens: Intervals, n: number): Value {
  return { positions: tokens, of: n };
}

export function openName(parts: ByKind, whole: Whole): Name | undefined {
  const { n } = whole;
  const { band, dilated, global, columns } = parts;
  const plain = (family: string, parameters: Name['parameters'] = {}): Name => ({
    family,
    parameters,
    expression: expressionOf(whole),
  });
  if (are(parts)) return plain('Nothing');
  if (are(parts, 'band') && band !== undefined) return bandName(band, whole);
  if (are(parts, 'dilated') && dilated !== undefined)
    return plain(
      'Dilated window',
      dilated.before === dilated.after
        ? { window: 2 * dilated.before, dilation: dilated.dilation }
        : { before: dilated.before, after: dilated.after, dilation: dilated.dilation },
    );
  if (are(parts, 'band', 'global') && band !== undefined && global !== undefined && band.before === band.after) {
    const tokens = positions(global.tokens, n);
    return {
      family: 'Longformer',
      parameters: { window: 2 * band.before, global: valueText(tokens) },
      expression: library(
        'longformer',
        'longformer',
        args(by('size', 2 * band.before), unless('[0]', by('tokens', tokens))),
        whole,
      ),
    };
  }
  if (
    are(parts, 'dilated', 'global') &&
    dilated !== undefined &&
    global !== undefined &&
    dilated.before === dilated.after
  ) {
    const tokens = positions(global.tokens, n);
    return {
      family: 'Dilated Longformer',
      parameters: { window: 2 * dilated.before, dilation: dilated.dilation, global: valueText(tokens) },
      expression: library(
        'longformer',
        'longformer_dilated',
        args(
          by('size', 2 * dilated.before),
          unless('2', by('dilation', dilated.dilation)),
          unless('[0]', by('tokens', tokens)),
        ),
        whole,
      ),
    };
  }
  const length = prefixLength(columns);
  if (are(parts, 'band', 'columns') && band !== undefined && length !== undefined && band.after === 0)
    if (band.before >= n - 1)
      return {
        family: 'Prefix LM',
        parameters: { prefix: length },
        expression: library('streaming', 'prefix_lm', [by('length', length)], whole),
      };
  return undefined;
}
