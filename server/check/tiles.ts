import type { Argument, Pattern, Span } from '../../runtime/pattern/ir.ts';
import { primitives } from '../../runtime/pattern/primitives.ts';
import { grouped, percent } from '../counting.ts';
import { isModelDeclaration, isNumberLiteral } from '../generated/ast.ts';
import { type Place, placeOf } from '../source.ts';
import type { Facts } from './facts.ts';
import type { Findings, Mend } from './finding.ts';
import { related, replacing, textAt } from './mends.ts';
import { numberAt } from './operands.ts';
import type { Scene } from './scene.ts';

/** Queries and keys of the tiles in which kernels work. */
const TILE = 64;
/** Windows with this many keys are as wide as a tile; rounding a smaller one would make another design of it. */
const SMALLEST_WINDOW = 64;
/** A longer sequence is not compiled just to tell a percentage. */
const MOST_TOKENS = 2 ** 20;
/** Unused keys of the touched tiles, per key of the window, that are worth a word. */
const WORTH_SAYING = 0.01;
/** Primitives whose `size` is a number of tokens in a block. */
const BLOCKS: ReadonlySet<string> = new Set(['block', 'blocked', 'block_topk']);

type Call = Extract<Pattern, { readonly kind: 'primitive' }>;

/** The primitives of a pattern on the sequence itself, with the calls of declared patterns that lead to each. */
function* callsOf(pattern: Pattern, path: readonly Span[] = []): Generator<readonly [Call, readonly Span[]]> {
  switch (pattern.kind) {
    case 'named':
      yield* callsOf(pattern.pattern, pattern.span === undefined ? path : [...path, pattern.span]);
      return;
    case 'union':
    case 'intersection':
    case 'difference':
      yield* callsOf(pattern.left, path);
      yield* callsOf(pattern.right, path);
      return;
    case 'complement':
      yield* callsOf(pattern.of, path);
      return;
    case 'choose':
      yield* callsOf(pattern.then, path);
      yield* callsOf(pattern.otherwise, path);
      return;
    case 'primitive': {
      yield [pattern, path];
      const { parameters } = primitives.get(pattern.name) ?? { parameters: [] };
      for (const [name, argument] of Object.entries(pattern.args))
        if (argument.type === 'pattern' && !parameters.some(each => each.name === name && each.onGrid))
          yield* callsOf(argument.value, path);
      return;
    }
    case 'where':
  }
}

/** A model whose length is no multiple of a block: its last block is short. */
export function checkBlocks(scene: Scene, findings: Findings): void {
  const [shape] = scene.shapes;
  if (scene.model === undefined || shape === undefined) return;
  for (const [call, path] of callsOf(scene.pattern)) {
    const { size } = call.args;
    if (!BLOCKS.has(call.name) || size?.type !== 'number') continue;
    const value = numberAt(size.value, shape);
    const rest = value === undefined ? 0 : shape.tokens % value;
    if (value === undefined || rest === 0 || value > shape.tokens) continue;
    const span = scene.owns(size.span) ? size.span : (path.findLast(scene.owns) ?? scene.place);
    findings.add(
      'short-block',
      `the last block is short: ${grouped(shape.tokens)} tokens are ${grouped(Math.floor(shape.tokens / value))} blocks of ${value} and one of ${rest}`,
      span,
      lengthDetails(scene, shape.tokens, value),
    );
  }
}

/** Where the length is written, and how it becomes a multiple of the block. */
function lengthDetails({ node }: Scene, tokens: number, size: number) {
  const model = node.$container;
  const property = isModelDeclaration(model) ? model.properties.find(({ name }) => name === 'tokens') : undefined;
  const place = placeOf(property?.value);
  const mends: (Mend | undefined)[] = [];
  if (isNumberLiteral(property?.value))
    for (const whole of [Math.ceil(tokens / size) * size, Math.floor(tokens / size) * size])
      mends.push(replacing(place, String(whole), `Set tokens = ${whole}`));
  return { related: [related(place, `${grouped(tokens)} tokens`)], mends };
}

/** A window whose end lies inside a tile: the kernel reads the rest of the tile for nothing. */
export function checkWindows(scene: Scene, facts: Facts, findings: Findings): void {
  const [shape] = scene.shapes;
  if (shape === undefined || shape.tokens > MOST_TOKENS) return;
  const square = { ...shape, queries: shape.tokens, offset: 0 };
  for (const [call] of callsOf(scene.pattern))
    for (const { argument, from, to } of roundedSizes(call, shape.tokens)) {
      if (!scene.owns(argument.span) || !isLiteral(scene, argument.span)) continue;
      const wider = withNumber(call, argument, to);
      const now = facts.tiles(call, square);
      const then = facts.tiles(wider, square);
      if (now === undefined || now === null || then === undefined || then === null) continue;
      const [before, after] = [`${percent(now.used)} used`, `${percent(then.used)} used`];
      const same = now.tiles === then.tiles ? 'the same tiles' : `${grouped(then.tiles)} tiles`;
      findings.add(
        'window-tile',
        `a window of ${from} ends inside a tile of ${TILE}: it touches ${grouped(now.tiles)} tiles, ${before}; ${to} touches ${same}, ${after} (n = ${grouped(shape.tokens)})`,
        argument.span,
        { mends: [replacing(argument.span, String(to), `Round to ${to}`, true)] },
      );
    }
}

interface Rounded {
  readonly argument: Extract<Argument, { readonly type: 'number' }>;
  readonly from: number;
  readonly to: number;
}

/** The sizes of a window that end inside a tile, and the next ones that end with it. */
function roundedSizes(call: Call, tokens: number): Rounded[] {
  if (call.name !== 'window' && call.name !== 'sliding') return [];
  const { dilation } = call.args;
  const shape = { tokens, queries: tokens, offset: 0, head: 0, heads: 1, layer: 0, layers: 1 };
  // A dilated window touches tiles all along; where it ends matters little.
  if (dilation?.type === 'number' && numberAt(dilation.value, shape) !== 1) return [];
  const found: Rounded[] = [];
  let keys = 1;
  let unused = 0;
  const side = (
    name: string,
    reach: (value: number) => number,
    sizeOf: (reach: number) => number,
    sides: number,
  ): void => {
    const argument = call.args[name];
    if (argument?.type !== 'number') return;
    const from = numberAt(argument.value, shape);
    if (from === undefined || !Number.isInteger(from)) return;
    const reached = reach(from);
    const whole = Math.ceil(reached / TILE) * TILE;
    keys += sides * reached;
    // A window that divides the sequence, such as a row of an image, belongs to the data and not to the kernel.
    if (reached >= tokens || tokens % from === 0) return;
    unused += sides * (whole - reached);
    const to = sizeOf(whole);
    if (to !== from) found.push({ argument, from, to });
  };
  if (call.name === 'sliding')
    side(
      'size',
      size => size - 1,
      whole => whole,
      1,
    );
  else {
    side(
      'size',
      size => Math.floor(size / 2),
      whole => 2 * whole,
      2,
    );
    side(
      'radius',
      radius => radius,
      whole => whole,
      2,
    );
    side(
      'before',
      before => before,
      whole => whole,
      1,
    );
    side(
      'after',
      after => after,
      whole => whole,
      1,
    );
  }
  return keys >= SMALLEST_WINDOW && unused / keys >= WORTH_SAYING ? found : [];
}

function withNumber(call: Call, argument: Argument, value: number): Call {
  const args = Object.entries(call.args).map(([name, each]): [string, Argument] => [
    name,
    each === argument ? { type: 'number', value: { op: 'number', value } } : each,
  ]);
  return { ...call, args: Object.fromEntries(args) };
}

/** Is a number written out there? What is computed was not chosen by hand. */
function isLiteral({ node }: Scene, place: Place): boolean {
  return /^[0-9][0-9_]*(Ki)?$/.test(textAt(node, place));
}
