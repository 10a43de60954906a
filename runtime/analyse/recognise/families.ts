import type { Shape } from '../../pattern/shape.ts';
import { anyOf, by, type Expression, type Given, named, positionsText, type Value, valueText } from './expression.ts';
import type { Intervals } from './intervals.ts';
import { expressionOf, type Part, type Whole } from './parts.ts';
import { longNet } from './propose-segments.ts';

/** What a mask is called. */
export interface Name {
  readonly family: string;
  /** By what name they go in a title: `window 512`, `global [0]`. */
  readonly parameters: Readonly<Record<string, number | string>>;
  readonly expression: Expression;
}

type Of<K extends Part['kind']> = Extract<Part, { kind: K }>;

/** The parts of a whole by kind, at most one of each; undefined where there are two of one kind. */
type ByKind = { readonly [K in Part['kind']]?: Of<K> };

function byKind(parts: readonly Part[]): ByKind | undefined {
  const found: Record<string, Part> = {};
  for (const part of parts) {
    if (found[part.kind] !== undefined) return undefined;
    found[part.kind] = part;
  }
  return found;
}

/** The design that a whole is at a shape, by the name of whoever published it where there is one. */
export function nameOf(whole: Whole, shape: Shape): Name {
  const parts = byKind(whole.parts);
  const found =
    parts === undefined
      ? repeatedName(whole, shape)
      : (axialName(parts, whole) ??
        perHeadName(parts, whole, shape) ??
        (whole.causal ? causalName : openName)(parts, whole, shape));
  return found ?? { family: 'Composition', parameters: {}, expression: expressionOf(whole) };
}

/** A name for exactly these kinds of parts. */
function are(parts: ByKind, ...kinds: Part['kind'][]): boolean {
  return Object.keys(parts).sort().join() === [...kinds].sort().join();
}

function library(module: string, name: string, args: readonly Given[], whole: Whole): Expression {
  return { kind: 'library', module: `sparse:${module}`, name, args, meaning: expressionOf(whole) };
}

/** An argument that is left out where the library's default says the same. */
function unless(standard: string, given: Given): Given[] {
  return valueText(given.value) === standard ? [] : [given];
}

/** Later arguments need their names once one before them was left out. */
function args(first: Given, ...rest: readonly (readonly Given[])[]): Given[] {
  const given = [first];
  let skipped = false;
  for (const each of rest) {
    for (const argument of each) given.push(skipped ? { ...argument, named: true } : argument);
    skipped ||= each.length === 0;
  }
  return given;
}

function positions(tokens: Intervals, n: number): Value {
  return { positions: tokens, of: n };
}

/** Columns and rows of a grid of two axes are strides and blocks of a sequence that they divide. */
function axialName({ strided, block, ...others }: ByKind, whole: Whole): Name | undefined {
  const width = block?.size;
  if (width === undefined || strided?.stride !== width || strided.offset !== 0) return undefined;
  if (whole.n % width !== 0 || Object.keys(others).length > 0) return undefined;
  const extents = [whole.n / width, width];
  return singleName({ ...whole, parts: [{ kind: 'axial', extents, axis: undefined }] });
}

/** Designs with several parts of one kind. */
function repeatedName(whole: Whole, shape: Shape): Name | undefined {
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

/** How many positions from the first on a list of global tokens names. */
function leading(part: Part | undefined): number | undefined {
  return part?.kind === 'global' && part.tokens.length === 2 && part.tokens[0] === 0 ? part.tokens[1] : undefined;
}

/** Designs that differ from head to head or from layer to layer. */
function perHeadName(parts: ByKind, whole: Whole, { head, heads, layer }: Shape): Name | undefined {
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

function openName(parts: ByKind, whole: Whole, shape: Shape): Name | undefined {
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
  return singleName(whole) ?? blockedName(parts, whole, shape);
}

function bandName(band: Of<'band'>, whole: Whole): Name {
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

/** The length of a list of columns that is a prefix. */
function prefixLength(columns: Of<'columns'> | undefined): number | undefined {
  return columns !== undefined && columns.tokens.length === 2 && columns.tokens[0] === 0
    ? columns.tokens[1]
    : undefined;
}

function causalName(parts: ByKind, whole: Whole, shape: Shape): Name | undefined {
  const { n } = whole;
  const { band, columns, strided, stepped, block, fixed, exponential, rows } = parts;
  const size = band === undefined ? undefined : band.before + 1;
  const start = prefixLength(columns);
  if (are(parts, 'band') && band !== undefined) return bandName(band, whole);
  if (are(parts, 'band', 'columns') && size !== undefined && start !== undefined)
    return {
      family: 'StreamingLLM',
      parameters: { recent: size, sinks: start },
      expression: library(
        'streaming',
        'streaming_llm',
        args(by('recent', size), unless('4', by('start', start))),
        whole,
      ),
    };
  if (are(parts, 'band', 'columns', 'rows') && size !== undefined && start !== undefined && rows !== undefined) {
    const [from, to] = rows.tokens;
    if (rows.tokens.length === 2 && from !== undefined && to === n)
      return {
        family: 'Tri-shape',
        parameters: { first: start, near: size, last: n - from },
        expression: library(
          'streaming',
          'tri_shape',
          args(by('first', start), [by('near', size)], unless('100', by('last', n - from))),
          whole,
        ),
      };
  }
  if (are(parts, 'band', 'strided') && size !== undefined && strided !== undefined && strided.offset === 0)
    if (size === strided.stride)
      return {
        family: 'Sparse Transformer, strided',
        parameters: { stride: size },
        expression: library('sparse-transformer', 'sparse_strided', [by('stride', size)], whole),
      };
  if (are(parts, 'block', 'fixed') && block !== undefined && fixed !== undefined && block.size === fixed.stride)
    return {
      family: 'Sparse Transformer, fixed',
      parameters: { stride: fixed.stride, columns: fixed.columns },
      expression: library(
        'sparse-transformer',
        'sparse_fixed',
        args(by('stride', fixed.stride), unless('8', by('columns', fixed.columns))),
        whole,
      ),
    };
  if (are(parts, 'stepped', 'columns') && start !== undefined && isEverySecond(stepped))
    return {
      family: 'MInference, dilated',
      parameters: { first: start, near: stepped.last + 1 },
      expression: library(
        'minference',
        'minference_dilated',
        [by('first', start), by('near', stepped.last + 1)],
        whole,
      ),
    };
  if (are(parts, 'band', 'stepped', 'columns') && size !== undefined && start !== undefined && isEverySecond(stepped)) {
    // An odd distance at the window's end is one of the steps, too.
    const dense = size + (size % 2);
    return {
      family: 'MInference, dilated and dense',
      parameters: { first: start, dense, near: stepped.last + 1 },
      expression: library(
        'minference',
        'minference_dilated_dense',
        [by('first', start), by('dense', dense), by('near', stepped.last + 1)],
        whole,
      ),
    };
  }
  if (are(parts, 'block', 'columns', 'rows') && block !== undefined && start === block.size && rows !== undefined) {
    const [from, to] = rows.tokens;
    if (rows.tokens.length === 2 && from !== undefined && to === n)
      return {
        family: 'Star attention',
        parameters: { block: block.size, question: n - from },
        expression: library(
          'streaming',
          'star_attention',
          args(by('size', block.size), unless('64', by('question', n - from))),
          whole,
        ),
      };
  }
  const isLog = exponential?.base === 2 && exponential.limit === undefined;
  if (are(parts, 'exponential') && isLog)
    return { family: 'LogSparse', parameters: {}, expression: library('log-sparse', 'log_sparse', [], whole) };
  if (are(parts, 'band', 'exponential') && isLog && size !== undefined)
    return {
      family: 'LogSparse, local',
      parameters: { near: size },
      expression: library(
        'log-sparse',
        'log_sparse_local',
        unless(String(Math.max(1, Math.ceil(Math.log2(n)))), by('near', size)),
        whole,
      ),
    };
  if (are(parts, 'block') && block !== undefined)
    return { family: 'Causal chunks', parameters: { size: block.size }, expression: expressionOf(whole) };
  return singleName(whole) ?? blockedName(parts, whole, shape);
}

function isEverySecond(stepped: Of<'stepped'> | undefined): stepped is Of<'stepped'> {
  return stepped?.stride === 2 && stepped.offset === 1;
}

/** Names of masks that are a single primitive, perhaps cut to the past. */
function singleName(whole: Whole): Name | undefined {
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
    case 'random':
      return found('Random', { keys: part.keys, seed: part.seed });
    case 'blocked':
      return undefined;
  }
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
    expression: anyOf(expressionOf(whole)),
  };
}
