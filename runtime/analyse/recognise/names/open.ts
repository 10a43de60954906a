import { by, named, type Value, valueText } from '../expression.ts';
import type { Intervals } from '../intervals.ts';
import { expressionOf, type Whole } from '../parts.ts';
import { are, args, type ByKind, leading, library, type Name, type Of, prefixLength, unless } from './name.ts';
import { bandName } from './primitive.ts';

function positions(tokens: Intervals, n: number): Value {
  return { positions: tokens, of: n };
}

export function openName(parts: ByKind, whole: Whole): Name | undefined {
  const { n } = whole;
  const { band, dilated, global, columns, halves, places } = parts;
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
  if (are(parts, 'halves') && halves !== undefined)
    return {
      family: 'Block diffusion',
      parameters: { block: halves.size },
      expression: library(
        'block-diffusion',
        'block_diffusion',
        args(by('size', halves.size), unless(String(Math.floor(n / 2)), by('half', halves.half))),
        whole,
      ),
    };
  const prompt = leading(global);
  if (are(parts, 'places', 'global') && places !== undefined && prompt !== undefined)
    if (prompt % places.frame === places.offset)
      if (prompt % places.frame === places.offset) return temporalName(prompt, places, whole);
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

/** The library's `near` counts frames of about the same place: `floor(near * frame / frames)` tokens. */
function temporalName(prompt: number, { frame, near }: Of<'places'>, whole: Whole): Name {
  const isUsual = (frames: number): boolean => Math.floor((2 * frame) / frames) === near;
  const counted = (whole.n - prompt) / frame;
  const frames = [13, counted].find(each => Number.isInteger(each) && isUsual(each));
  return {
    family: 'Sparse VideoGen, temporal',
    parameters: { prompt, frame, near },
    expression: library(
      'video',
      'svg_temporal',
      [
        by('prompt', prompt),
        by('frame', frame),
        // As many frames as tokens in one, and `near` is a number of tokens.
        ...(frames === undefined
          ? [named('frames', frame), named('near', near)]
          : unless('13', named('frames', frames))),
      ],
      whole,
    ),
  };
}
