import { union } from './algebra.ts';
import { modulo } from './bits.ts';
import { N, power, times } from './growth.ts';
import type { Mask } from './mask.ts';
import { type BoundArguments, type Parameter, PatternError, type Primitive } from './primitive.ts';
import { type AxisRelation, everyCoordinate, RasterMask, sameCoordinate } from './raster-mask.ts';
import type { Shape } from './shape.ts';

const shapeParameter: Parameter = {
  name: 'shape',
  type: 'values',
  unit: 'tokens',
  documentation: 'Extents of the grid, slowest axis first; their product is n.',
};

/** The grid's extents. Throws PatternError when they do not multiply to the number of tokens. */
function extents(args: BoundArguments, shape: Shape): readonly number[] {
  const { values } = args.values('shape');
  if (values.length === 0) throw args.error('shape', 'shape needs at least one extent, e.g. [32, 32]');
  const low = values.find(extent => extent < 1);
  if (low !== undefined) throw args.error('shape', `an extent of the shape must be at least 1, got ${low}`);
  const product = values.reduce((sum, extent) => sum * extent, 1);
  if (product !== shape.tokens) {
    const error = args.error(
      'shape',
      `the shape ${values.join(' x ')} has ${product} positions, but n is ${shape.tokens}`,
    );
    throw new PatternError(
      'shape-product',
      error.message,
      error.span,
      true,
      shape.outer === undefined ? product : undefined,
    );
  }
  return values;
}

/** One value for each axis: a single one stands for all. */
function perAxis(args: BoundArguments, name: string, axes: number): readonly number[] {
  const { values, single } = args.values(name);
  if (single) return new Array<number>(axes).fill(values[0] ?? 0);
  if (values.length !== axes)
    throw args.error(
      name,
      `${name} needs one value for each of the ${axes} axes (or a single one for all), got ${values.length}`,
    );
  return values;
}

export const axial: Primitive = {
  name: 'axial',
  summary:
    'On a grid, every query attends along its own rows and columns: to keys that differ in one coordinate at most.',
  condition: 'the coordinates of i and j differ in at most one axis (in `axis` alone, where it is given)',
  details: 'Positions are raster order over `shape`, the last axis running fastest.',
  source: 'Ho et al., Axial Attention in Multidimensional Transformers, 2019',
  parameters: [
    shapeParameter,
    {
      name: 'axis',
      type: 'number',
      documentation: 'Only this coordinate may differ; 0 is the slowest.',
      optional: true,
      integer: true,
      min: 0,
    },
  ],
  snippets: ['axial([${1:32}, ${2:32}])', 'axial([${1:32}, ${2:32}], axis: ${3:0})'],
  example: 'axial([32, 32])',
  bind(args, shape) {
    const sizes = extents(args, shape);
    const along = (axis: number): Mask =>
      new RasterMask(sizes.map((extent, index) => (index === axis ? everyCoordinate(extent) : sameCoordinate(extent))));
    if (args.has('axis')) {
      const axis = args.number('axis');
      if (axis >= sizes.length)
        throw args.error('axis', `axis goes from 0 to ${sizes.length - 1} for this shape, got ${axis}`);
      return along(axis);
    }
    return sizes.map((_, axis) => along(axis)).reduce(union);
  },
  terms: () => [times(N, { n: 0, log: 0, factors: { extents: 1 } })],
};

export const tiles: Primitive = {
  name: 'tiles',
  summary: 'On a grid cut into tiles, every query attends to the keys of its own tile.',
  condition: 'floor((x_i - shift) / tile) == floor((x_j - shift) / tile) along every axis',
  details: "With a shift, the strips at the edges are tiles of their own, as in Swin's masked cyclic shift.",
  source: 'Liu et al., Swin Transformer, 2021',
  parameters: [
    shapeParameter,
    {
      name: 'tile',
      type: 'values',
      unit: 'tokens',
      documentation: 'Side of a tile, one for all axes or one each.',
      min: 1,
    },
    {
      name: 'shift',
      type: 'values',
      unit: 'tokens',
      documentation: 'How far tiles are moved, one for all axes or one each.',
      default: '0',
    },
  ],
  snippets: ['tiles([${1:56}, ${2:56}], ${3:7})', 'tiles([${1:56}, ${2:56}], ${3:7}, shift: ${4:3})'],
  example: 'tiles([56, 56], 7)',
  bind(args, shape) {
    const sizes = extents(args, shape);
    const sides = perAxis(args, 'tile', sizes.length);
    const shifts = perAxis(args, 'shift', sizes.length);
    return new RasterMask(
      sizes.map((extent, axis): AxisRelation => {
        const side = sides[axis] ?? 1;
        const shift = shifts[axis] ?? 0;
        return {
          extent,
          step: 1,
          keys(x) {
            const start = Math.floor((x - shift) / side) * side + shift;
            return { from: Math.max(0, start), to: Math.min(extent, start + side) };
          },
        };
      }),
    );
  },
  terms: args => [times(N, power(args.term('tile'), args.length('shape')))],
};

/** NATTEN's window along one axis, in coordinates of the whole axis. */
function neighbours(extent: number, kernel: number, stride: number, dilation: number, causal: boolean): AxisRelation {
  const before = Math.floor(kernel / 2);
  const after = before + (kernel % 2) - 1;
  return {
    extent,
    step: dilation,
    keys(x) {
      const residue = modulo(x, dilation);
      const place = (x - residue) / dilation;
      // Coordinates of this residue class.
      const length = Math.ceil((extent - residue) / dilation);
      const group = Math.floor(place / stride) * stride;
      if (causal) {
        const leader = Math.min(group + stride - 1, length - 1);
        const first = Math.max(0, leader - kernel + 1);
        return { from: residue + first * dilation, to: x + 1 };
      }
      const leader = Math.min(group + Math.floor(stride / 2), length - 1);
      const centre = Math.min(Math.max(leader, before), length - 1 - after);
      return { from: residue + (centre - before) * dilation, to: residue + (centre + after) * dilation + 1 };
    },
  };
}

export const neighborhood: Primitive = {
  name: 'neighborhood',
  summary:
    'On a grid, every query attends to a window of exactly `kernel` keys along each axis, pushed inward at the borders.',
  condition: 'along every axis, x_j is one of the `kernel` nearest of the residue class of x_i modulo `dilation`',
  details:
    'An even kernel reaches one further before than after. With a stride, queries of a group of `stride` share the window of their leader. ' +
    'A causal axis sees only coordinates up to its own, fewer than `kernel` at the start. A kernel that does not fit is an error.',
  source: 'Hassani et al., Neighborhood Attention Transformer, 2023; Generalized Neighborhood Attention, 2025',
  parameters: [
    shapeParameter,
    { name: 'kernel', type: 'values', unit: 'keys', documentation: 'Keys along each axis.', min: 1 },
    {
      name: 'dilation',
      type: 'values',
      unit: 'tokens',
      documentation: 'Distance between neighbouring keys.',
      default: '1',
      min: 1,
    },
    {
      name: 'stride',
      type: 'values',
      unit: 'tokens',
      documentation: 'Queries that share a window; at most the kernel.',
      default: '1',
      min: 1,
    },
    {
      name: 'causal',
      type: 'values',
      documentation: 'Along which axes keys after the query are left out.',
      default: 'false',
    },
  ],
  snippets: ['neighborhood([${1:56}, ${2:56}], ${3:7})'],
  example: 'neighborhood([56, 56], 7)',
  bind(args, shape) {
    const sizes = extents(args, shape);
    const [kernels, dilations, strides, causal] = ['kernel', 'dilation', 'stride', 'causal'].map(name =>
      perAxis(args, name, sizes.length),
    );
    return new RasterMask(
      sizes.map((extent, axis) => {
        const kernel = kernels?.[axis] ?? 1;
        const dilation = dilations?.[axis] ?? 1;
        const stride = strides?.[axis] ?? 1;
        if (kernel * dilation > extent)
          throw args.error(
            'kernel',
            `a kernel of ${kernel}${dilation === 1 ? '' : ` with dilation ${dilation}`} does not fit into an axis of ${extent}: at most ${Math.floor(extent / dilation)}`,
          );
        if (stride > kernel)
          throw args.error('stride', `the stride must be at most the kernel ${kernel}, got ${stride}`);
        return neighbours(extent, kernel, stride, dilation, causal?.[axis] !== 0);
      }),
    );
  },
  terms: args => [times(N, power(args.term('kernel'), args.length('shape')))],
};
