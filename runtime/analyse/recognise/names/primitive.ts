import { positionsText } from '../expression.ts';
import { expressionOf, type Whole } from '../parts.ts';
import { type ByKind, type Name, type Of, prefixLength } from './name.ts';

/** Names of masks that are a single primitive, perhaps cut to the past. */
export function singleName(whole: Whole): Name | undefined {
  const [part, ...others] = whole.parts;
  if (part === undefined || others.length > 0) return undefined;
  const expression = expressionOf(whole);
  const causal = whole.causal ? 'causal ' : '';
  const found = (family: string, parameters: Name['parameters'] = {}): Name => ({
    family: `${causal === '' ? '' : 'Causal '}${causal === '' ? family : family.charAt(0).toLowerCase() + family.slice(1)}`,
    parameters,
    expression,
  });
  switch (part.kind) {
    case 'band':
      return undefined;
    case 'dilated':
      return found(
        'Dilated window',
        part.before === part.after
          ? { window: 2 * part.before, dilation: part.dilation }
          : { before: part.before, after: part.after, dilation: part.dilation },
      );
    case 'strided':
      return found('Strided', { stride: part.stride, ...(part.offset === 0 ? {} : { offset: part.offset }) });
    case 'exponential':
      return found('Exponential', { base: part.base, ...(part.limit === undefined ? {} : { limit: part.limit }) });
    case 'diagonals':
      return found('Diagonals', { offsets: `[${part.offsets.join(', ')}]` });
    case 'global':
      return found('Global', { tokens: positionsText(part.tokens, whole.n) });
    case 'rows':
      return found('Rows', { tokens: positionsText(part.tokens, whole.n) });
    case 'columns': {
      const length = prefixLength(part);
      return length === undefined || length === 1
        ? found('Columns', { tokens: positionsText(part.tokens, whole.n) })
        : found('Prefix', { length });
    }
    case 'fixed':
      return found('Fixed columns', { stride: part.stride, columns: part.columns });
    case 'stepped':
      return found('Steps', { stride: part.stride, offset: part.offset, last: part.last });
    case 'stripes':
      return found('Striped columns', { stride: part.stride, from: part.from, to: part.to });
    case 'residues':
      return found('Dilated blocks', { size: part.size, ratio: part.ratio, residue: part.residue });
    case 'block':
      return found('Blocks', { size: part.size });
    case 'documents':
      return found('Documents', { lengths: `[${part.lengths.join(', ')}]` });
    case 'axial':
      return found('Axial', { shape: part.extents.join(' x ') });
    case 'tiles':
      return found('Swin tiles', {
        shape: part.extents.join(' x '),
        tile: part.sides.join(' x '),
        ...(part.shifts.every(each => each === 0) ? {} : { shift: part.shifts.join(' x ') }),
      });
    case 'neighborhood':
      return found('Neighbourhood', {
        shape: part.extents.join(' x '),
        kernel: part.kernels.join(' x '),
        ...(part.dilations.every(each => each === 1) ? {} : { dilation: part.dilations.join(' x ') }),
        ...(part.strides.every(each => each === 1) ? {} : { stride: part.strides.join(' x ') }),
      });
    case 'restarts':
      return found('LogSparse with restarts', { stretch: part.stretch, near: part.near });
    case 'halves':
      return found('Block diffusion', { block: part.size, half: part.half });
    case 'places':
      return found('Places in frames', { frame: part.frame, near: part.near, offset: part.offset });
    case 'random':
      return found('Random', { keys: part.keys, seed: part.seed });
    case 'blocked':
      return undefined;
  }
}

export function bandName(band: Of<'band'>, whole: Whole): Name {
  const { before, after } = band;
  const expression = expressionOf(whole);
  const [past, future] = [before >= whole.n - 1, after >= whole.n - 1];
  const named = (family: string, parameters: Name['parameters'] = {}): Name => ({ family, parameters, expression });
  if (past && future) return named('Full');
  if (before === 0 && after === 0) return named('Diagonal');
  if (after === 0) return past ? named('Causal') : named('Sliding window', { window: before + 1 });
  if (before === after) return named('Window', { window: 2 * before });
  return named('Window', { before: Math.min(before, whole.n - 1), after: Math.min(after, whole.n - 1) });
}

/** Columns and rows of a grid of two axes are strides and blocks of a sequence that they divide. */
export function axialName({ strided, block, ...others }: ByKind, whole: Whole): Name | undefined {
  const width = block?.size;
  if (width === undefined || strided?.stride !== width || strided.offset !== 0) return undefined;
  if (whole.n % width !== 0 || Object.keys(others).length > 0) return undefined;
  const extents = [whole.n / width, width];
  return singleName({ ...whole, parts: [{ kind: 'axial', extents, axis: undefined }] });
}
