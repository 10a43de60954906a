import { intersection, union } from '../pattern/algebra.ts';
import { Progression } from '../pattern/difference-mask.ts';
import type { Model } from '../pattern/ir.ts';
import type { Mask } from '../pattern/mask.ts';
import { type Shape, squareShape } from '../pattern/shape.ts';
import { findPair } from './find-pair.ts';
import { flowBounds } from './flow-bounds.ts';
import { checkPosition, layersOf } from './flow-layers.ts';
import type { FlowOptions, FlowReport } from './flow-report.ts';
import { stackedBy } from './flow-ways.ts';
import { type Isolated, isolatedOf } from './isolated.ts';
import { quickMask } from './quick-mask.ts';
import { blockStack, unfolded } from './stack-blocks.ts';
import type { Stack, Stacked } from './stacking.ts';
import { Steps } from './steps.ts';

/** Layers of a bare pattern that are told one by one: it has as many as somebody stacks. */
const TOLD_LAYERS = 64;

const FUTURE: Mask = new Progression(Number.NEGATIVE_INFINITY, -1);
const PAST: Mask = new Progression(1, Number.POSITIVE_INFINITY);

/**
 * How information flows through a model. Exact for masks that repeat at any length, and for scattered ones at up to
 * 65,536 tokens and where that does not take too long; otherwise `hops` are bounds and what is not known is null.
 *
 * Throws PatternError (`dynamic` where content chooses, `shape` when queries sit at the first of more tokens: the keys
 * behind them have nothing to pass on) and CompileError.
 */
export function modelFlow(model: Model, tokens?: number, options: FlowOptions = {}): FlowReport {
  const { masks, layers, shape, queries } = layersOf(model, tokens, options);
  const bare = model.kind === 'pattern' || options.only !== undefined;
  const found = followed(
    {
      tokens: shape.tokens,
      masks,
      layers: bare ? Array.from({ length: TOLD_LAYERS }, () => 0) : layers,
      ...(options.token === undefined ? {} : { token: options.token }),
    },
    shape,
    options,
  );
  const { stacked, ahead, back, isolated } = found;
  const common = { tokens: shape.tokens, queries, layers: bare ? null : layers.length, isolated };
  if (stacked === undefined) return { ...common, ...flowBounds(found.all, shape, ahead, options) };
  const pairs = shape.tokens ** 2;
  const half = (pairs + shape.tokens) / 2;
  const reaches =
    stacked.connected === pairs
      ? 'all'
      : stacked.past === half
        ? 'past'
        : stacked.future === half
          ? 'future'
          : ('part' as const);
  const aim = !ahead ? 'past' : !back ? 'future' : 'all';
  const missing = aim === 'future' ? stacked.missing.future : (stacked.missing.past ?? stacked.missing.future);
  const within = stacked.byLayer.indexOf(stacked.connected) + 1;
  const after = bare || stacked.hops === 0 ? stacked.hops : within === 0 ? null : within;
  return {
    ...common,
    reaches,
    share: aim === 'all' ? stacked.connected / pairs : stacked[aim] / half,
    missing: reaches === 'part' ? (missing ?? null) : null,
    hops: { least: stacked.hops, most: stacked.hops, exact: true },
    full: { after },
    byLayer: stacked.byLayer.map(count => count / stacked.connected),
    fields: stacked.fields,
  };
}

interface Found {
  /** What any layer sees. */
  readonly all: Mask;
  /** Does anybody see a later key; an earlier one? */
  readonly ahead: boolean;
  readonly back: boolean;
  readonly isolated: Isolated;
  /** Undefined where exact numbers take too long. */
  readonly stacked: Stacked | undefined;
}

function followed(stack: Stack<Mask>, shape: Shape, options: FlowOptions): Found {
  const blocks = blockStack(stack, options);
  if (blocks !== undefined) {
    const stacked = followed(blocks.stack, squareShape(blocks.stack.tokens), options).stacked;
    return {
      all: stack.masks.reduce(union),
      // Everybody sees all of the own block.
      ahead: true,
      back: true,
      isolated: { count: 0, first: [] },
      stacked: stacked && unfolded(stacked, blocks.stack.tokens, blocks.size),
    };
  }
  const masks = stack.masks.map(mask => quickMask(mask, shape, options));
  const all = masks.length === 1 ? masks.reduce(union) : quickMask(masks.reduce(union), shape, options);
  const ahead = findPair(intersection(all, FUTURE), shape, options) !== undefined;
  const back = findPair(intersection(all, PAST), shape, options) !== undefined;
  return {
    ...{ all, ahead, back },
    isolated: isolatedOf(all, shape, options),
    stacked: stackedBy({ ...stack, masks }, stack.masks, ahead, options),
  };
}

/**
 * The positions of a shortest way on which a query hears of a key, through any layers and heads; both are included.
 * Undefined when there is none. Exact. Throws as `modelFlow`, and PatternError (`position-range`) for a position outside.
 */
export function shortestWay(
  model: Model,
  query: number,
  key: number,
  tokens?: number,
  options: FlowOptions = {},
): readonly number[] | undefined {
  const { masks, shape } = layersOf(model, tokens, options);
  for (const position of [query, key]) checkPosition(position, shape.tokens);
  return Steps.of(masks.reduce(union), shape, options).path(query, key);
}
