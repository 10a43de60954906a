import type { Shape } from '../../../pattern/shape.ts';
import { by } from '../expression.ts';
import type { Part, Whole } from '../parts.ts';
import { longNet } from '../propose-segments.ts';
import { are, args, type ByKind, byKind, leading, library, type Name, unless } from './name.ts';

/** Designs with several parts of one kind. */
export function repeatedName(whole: Whole, shape: Shape): Name | undefined {
  const { parts, causal } = whole;
  if (causal) return undefined;
  const segments = parts.find(part => part.kind === 'block')?.size;
  const said = (each: readonly Part[]): string => JSON.stringify(each);
  if (segments !== undefined && said(parts) === said(longNet(segments, shape).parts))
    return {
      family: 'LongNet',
      parameters: { segment: segments },
      expression: library('longnet', 'longnet', [by('segment', segments)], whole),
    };
  const tokens = leading(parts.find(part => part.kind === 'global'));
  const tilings = parts.flatMap(part => (part.kind === 'tiles' && part.extents.length === 1 ? [part] : []));
  const [first, second] = tilings;
  const side = first?.sides[0];
  if (tokens === undefined || parts.length !== 3 || first === undefined || side === undefined || side % 2 !== 0)
    return undefined;
  const shifts = [tokens % side, (tokens + side / 2) % side];
  if (second?.sides[0] !== side) return undefined;
  if ([...first.shifts, ...second.shifts].sort((a, b) => a - b).join() !== shifts.sort((a, b) => a - b).join())
    return undefined;
  return {
    family: 'BigBird ETC',
    parameters: { global: tokens, block: side / 2 },
    expression: library(
      'bigbird',
      'bigbird_etc',
      args(by('global_tokens', tokens), unless('84', by('size', side / 2))),
      whole,
    ),
  };
}

/** Designs that differ from head to head or from layer to layer. */
export function perHeadName(parts: ByKind, whole: Whole, { head, heads, layer }: Shape): Name | undefined {
  const { block, stripes, residues, blocked, global, tiles } = parts;
  if (!whole.causal && are(parts, 'residues') && residues !== undefined) {
    const { size, ratio, residue } = residues;
    if (residue !== head % ratio) return undefined;
    return {
      family: 'LongNet, one branch',
      parameters: { segment: size, ratio },
      expression: library('longnet', 'longnet_branch', [by('segment', size), by('ratio', ratio)], whole),
    };
  }
  const tokens = leading(global);
  if (!whole.causal && are(parts, 'global', 'tiles') && tokens !== undefined && tiles?.extents.length === 1) {
    const [side = 1] = tiles.sides;
    const shift = (tokens + (layer % 2 === 1 ? Math.floor(side / 2) : 0)) % side;
    if (tiles.shifts[0] !== shift) return undefined;
    return {
      family: 'Pegasus-X',
      parameters: { block: side, global: tokens },
      expression: library(
        'longt5',
        'pegasus_x',
        args(by('size', side), unless('32', by('global_tokens', tokens))),
        whole,
      ),
    };
  }
  if (!whole.causal) return undefined;
  if (are(parts, 'block', 'stripes') && stripes !== undefined && block?.size === stripes.stride) {
    const { stride, from, to } = stripes;
    const columns = to - from;
    const group = (stride - to) / columns;
    const groups = [4, 2, 3, 5, 6, 7, 8, 16, 32, 64].find(each => head % each === group);
    if (groups === undefined || groups * columns > stride) return undefined;
    return {
      family: 'Sparse Transformer, fixed per head',
      parameters: { stride, columns, groups },
      expression: library(
        'sparse-transformer',
        'sparse_fixed_heads',
        args(by('stride', stride), unless('8', by('columns', columns)), unless('4', by('groups', groups))),
        whole,
      ),
    };
  }
  const grid = blocked === undefined ? undefined : byKind(blocked.of.parts);
  if (!are(parts, 'blocked') || blocked === undefined || grid?.band === undefined || grid.band.after !== 0)
    return undefined;
  const column = are(grid, 'band', 'fixed') && grid.fixed?.columns === 1 ? grid.fixed.stride - 1 : grid.stripes?.from;
  const stride = grid.fixed?.stride ?? grid.stripes?.stride;
  if (stride === undefined || column === undefined || (grid.stripes !== undefined && grid.stripes.to !== column + 1))
    return undefined;
  if (!are(grid, 'band', 'fixed') && !are(grid, 'band', 'stripes')) return undefined;
  if ((column + head * Math.max(1, Math.floor(stride / heads)) + 1) % stride !== 0) return undefined;
  return {
    family: 'Phi-3-small',
    parameters: { block: blocked.size, local: grid.band.before + 1, stride },
    expression: library(
      'phi',
      'phi3_small_sparse',
      args(
        by('size', blocked.size),
        unless('16', by('local_blocks', grid.band.before + 1)),
        unless('8', by('stride', stride)),
      ),
      whole,
    ),
  };
}
