import { buildMaskTree } from '../../compile/mask-tree.ts';
import { bindPattern } from '../../pattern/bind.ts';
import { PatternError } from '../../pattern/primitive.ts';
import { sameTrees } from '../compare.ts';
import { patternOf } from '../recognise/expression.ts';
import { expressionOfPart, type Part, type Whole } from '../recognise/parts.ts';
import { firstReason, type Library, no, yes } from './library.ts';
import { headsDiffer, isNotSquare, isNoWindow } from './reasons.ts';
import type { FitMask } from './subject.ts';
import { notThis } from './ways.ts';

type Neighborhood = Extract<Part, { kind: 'neighborhood' }>;

export const natten: Library = {
  id: 'natten',
  name: 'NATTEN (na1d, na2d, na3d)',
  version: '0.21.7.dev1 (8c8729f)',
  takes:
    'a window of the same number of keys along each of 1 to 3 axes, pushed inward at the borders, or causal; one for all heads',
  fit(subject) {
    const [mask] = subject.masks;
    const stopped = firstReason(
      () => headsDiffer(subject),
      () => isNotSquare(subject),
    );
    if (stopped !== undefined) return stopped;
    const part = neighborhoodsOf(mask.whole).find(each => isExactly(each, mask));
    if (part !== undefined) return callOf(part);
    const [only, ...others] = mask.whole?.parts ?? [];
    if (only?.kind === 'band' && others.length === 0) {
      const { before, after } = only;
      return no(
        `a window has as many keys at the borders as inside, but query 0 sees ${after + 1} keys and others see ${before + after + 1}`,
        { query: 0, key: after + 1 },
      );
    }
    return mask.whole === undefined ? isNoWindow(mask) : notThis(mask, 'neighbourhoods');
  },
};

/** Windows along the axes of a grid that may be the whole. */
function neighborhoodsOf(whole: Whole | undefined): readonly Neighborhood[] {
  const [part, ...others] = whole?.parts ?? [];
  if (whole === undefined || part === undefined || others.length > 0) return [];
  const { n, causal } = whole;
  const line = (kernel: number, more: { dilation?: number; stride?: number; causal?: boolean } = {}): Neighborhood => ({
    kind: 'neighborhood',
    extents: [n],
    kernels: [Math.min(kernel, n)],
    dilations: [more.dilation ?? 1],
    strides: [more.stride ?? 1],
    causal: [more.causal ?? false],
  });
  switch (part.kind) {
    case 'neighborhood':
      return [part];
    case 'band':
      return [line(part.before + 1, { causal: true }), line(part.before + part.after + 1)];
    case 'dilated':
      return [line(part.before + 1, { dilation: part.dilation, causal: true })];
    case 'strided':
      // Everything of one residue.
      return [line(Math.floor(n / part.stride), { dilation: part.stride, causal })];
    case 'block':
      // Queries of a group share a window, which is the group.
      return [line(part.size, { stride: part.size, causal })];
    case 'tiles': {
      if (part.shifts.some(shift => shift !== 0)) return [];
      const none = part.extents.map(() => 1);
      const { extents, sides } = part;
      return [
        {
          kind: 'neighborhood',
          extents,
          kernels: sides,
          dilations: none,
          strides: sides,
          causal: sides.map(() => false),
        },
      ];
    }
    default:
      return [];
  }
}

function isExactly(part: Neighborhood, mask: FitMask): boolean {
  try {
    const { tokens } = mask.shape;
    const tree = mask.tree();
    const pattern = patternOf(expressionOfPart(part, tokens));
    return sameTrees(buildMaskTree(bindPattern(pattern, mask.shape), mask.shape, { tile: tree.tile }), tree);
  } catch (error) {
    // A window that does not fit into its axis.
    if (error instanceof PatternError) return false;
    throw error;
  }
}

function callOf({ extents, kernels, dilations, strides, causal }: Neighborhood): ReturnType<Library['fit']> {
  if (extents.length > 3) return no(`it has 1 to 3 axes, but this grid has ${extents.length}`);
  const narrow = kernels.findIndex(kernel => kernel < 2);
  if (narrow >= 0) return no(`its windows have at least 2 keys along every axis, but along axis ${narrow} this has 1`);
  const tuple = (values: readonly (number | string)[]): string =>
    values.length === 1 ? String(values[0]) : `(${values.join(', ')})`;
  const given = [
    `kernel_size=${tuple(kernels)}`,
    ...(strides.every(each => each === 1) ? [] : [`stride=${tuple(strides)}`]),
    ...(dilations.every(each => each === 1) ? [] : [`dilation=${tuple(dilations)}`]),
    ...(causal.some(Boolean) ? [`is_causal=${tuple(causal.map(each => (each ? 'True' : 'False')))}`] : []),
  ];
  const layout = extents.length === 1 ? '' : ` over tokens of ${extents.join(' x ')}`;
  return yes(`na${extents.length}d(${given.join(', ')})${layout}`);
}
