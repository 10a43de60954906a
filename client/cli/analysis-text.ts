import type { Against, LayerCost, MaybeAgainst, ModelCost } from '../../runtime/analyse/cost.ts';
import type { FlowReport } from '../../runtime/analyse/flow-report.ts';
import type { Waste } from '../../runtime/analyse/waste.ts';
import { aligned } from './aligned.ts';
import { bytes, flops, grouped, percent } from './numbers.ts';

/** A label and what stands beside it. */
export type Line = readonly [string, string];

/** Positions of a way that are all named. */
const NAMED_POSITIONS = 12;

export function wasteLines({ sizes, best }: Waste): Line[] {
  const chosen = sizes.find(({ tile }) => tile.queries === best);
  return [
    ['tiles used', sizes.map(({ tile, used }) => `${tile.queries}: ${percent(used)}`).join(', ')],
    [
      'best tile',
      `${best} x ${best}, the largest that computes at most 10 % more than ${sizes[0]?.tile.queries} x ${sizes[0]?.tile.keys}${
        chosen === undefined || !Number.isFinite(chosen.speedUp)
          ? ''
          : `; at most ${factor(chosen.speedUp)} faster than full attention`
      }`,
    ],
  ];
}

/** The cost as a table of its own, with a line for each kind of layer. */
export function costText(cost: ModelCost): string {
  const { layers, heads, kvHeads, headDim, headDimAssumed, dtype, batch, tile, causal, atMost, total } = cost;
  const title = [
    `cost of ${layers === 1 ? '1 layer' : `${layers} layers`}`,
    heads === 1 ? '1 head' : `${heads} heads${kvHeads === heads ? '' : ` (${kvHeads} key/value)`}`,
    `width ${headDim}${headDimAssumed ? ' (assumed)' : ''}`,
    dtype,
    ...(batch > 1 ? [`batch ${batch}`] : []),
    ...(atMost ? ['at most'] : []),
  ].join(', ');
  const both = (a: Against, b: Against): Against => ({
    sparse: a.sparse + b.sparse,
    full: a.full + b.full,
    causal: a.causal + b.causal,
  });
  const row = (
    label: string,
    { sparse, full, causal: past }: MaybeAgainst,
    show: (count: bigint) => string,
  ): string[] => [label, sparse === null ? '-' : show(sparse), show(full), ...(causal ? [show(past)] : [])];
  const size = (count: bigint): string => bytes(Number(count));
  const rows: string[][] = [
    ['', 'sparse', 'full', ...(causal ? ['causal'] : [])],
    row('FLOPs', both(total.scoreFlops, total.valueFlops), flops),
    row('softmax', total.softmaxOps, flops),
    row('scores', total.scoreBytes, size),
    row(`moved by ${tile.queries} x ${tile.keys}`, total.movedBytes, size),
    // Only what decodes one token after another keeps keys.
    ...(causal ? [['KV cache', size(total.cacheBytes.sparse), size(total.cacheBytes.full), '']] : []),
  ];
  if (total.speedUp !== null && Number.isFinite(total.speedUp.full))
    rows.push([`speed-up, at most`, '', factor(total.speedUp.full), ...(causal ? [factor(total.speedUp.causal)] : [])]);
  const kinds = kindsOf(cost.perLayer);
  const perKind =
    kinds.length === 1 && layers === 1
      ? []
      : kinds.map(({ layers: same, of }) => {
          const work = both(of.scoreFlops, of.valueFlops).sparse;
          const cached = causal ? `, KV cache ${size(of.cacheBytes.sparse)}` : '';
          return `${layersText(same)}: ${rangeText(of)}; each ${flops(work)}, scores ${size(of.scoreBytes.sparse)}${cached}`;
        });
  return [title, ...aligned(rows), ...perKind].join('\n');
}

/** `512 back, 512 ahead` */
export function rangeText({ back, ahead }: { readonly back: number; readonly ahead: number }): string {
  return `${grouped(back)} back, ${grouped(ahead)} ahead`;
}

const REACHES = {
  all: 'every query hears of every key',
  past: 'every query hears of every earlier key',
  future: 'every query hears of every later key',
} as const;

function reachesText({ reaches, share, missing }: FlowReport): string {
  if (reaches === null) return 'not known: too irregular at this length';
  if (reaches !== 'part') return REACHES[reaches];
  const heard = share === null ? 'some keys are' : `${percent(share)} of the keys are`;
  const never = missing === null ? '' : `; query ${grouped(missing.query)} never hears of key ${grouped(missing.key)}`;
  return `${heard} heard of${never}`;
}

export function flowLines(flow: FlowReport): Line[] {
  const { tokens, queries, hops, full, byLayer, isolated, layers, fields } = flow;
  // The keys of earlier positions were made when those were queries.
  const behind = queries === tokens ? '' : `, with all ${grouped(tokens)} positions as queries of some pass`;
  const lines: Line[] = [
    ['flow', `${reachesText(flow)}${behind}`],
    ['diameter', hopsText(hops)],
  ];
  if (full !== null) {
    const last = byLayer.at(-1) ?? 0;
    lines.push([
      'receptive fields',
      full.after !== null
        ? `full after ${full.after === 1 ? '1 layer' : `${grouped(full.after)} layers`}${layers === null ? '' : ` of ${layers}`}`
        : `not full within ${layers} layers: ${percent(last)} of what more layers would connect`,
    ]);
  }
  lines.push([
    'isolated',
    isolated.count === 0
      ? 'no position'
      : `${grouped(isolated.count)}: ${isolated.first.map(grouped).join(', ')}${isolated.count > isolated.first.length ? ', ...' : ''}`,
  ]);
  // A field that has stopped growing is told once.
  const largest = fields.at(-1)?.keys;
  const told = fields.slice(0, fields.findIndex(({ keys }) => keys === largest) + 1);
  for (const [layer, { keys, first, last }] of told.entries())
    lines.push([`after layer ${layer}`, `${grouped(keys)} keys, ${grouped(first)} to ${grouped(last)}`]);
  return lines;
}

export function wayLine(from: number, to: number, way: readonly number[] | null): Line {
  const label = `${from} to ${to}`;
  if (way === null) return [label, 'no way through any number of layers'];
  const hops = way.length - 1;
  const middle = way.length > NAMED_POSITIONS ? [...way.slice(0, NAMED_POSITIONS - 2), '...', to] : way;
  return [label, `${grouped(hops)} ${hops === 1 ? 'hop' : 'hops'}: ${middle.join(', ')}`];
}

/** Layers that cost the same, in the order of their first. */
export function kindsOf(perLayer: readonly LayerCost[]): { readonly layers: number[]; readonly of: LayerCost }[] {
  const kinds: { layers: number[]; of: LayerCost }[] = [];
  for (const cost of perLayer) {
    // Layers with the same masks share their numbers.
    const kind = kinds.find(({ of }) => of.pairs === cost.pairs);
    if (kind === undefined) kinds.push({ layers: [cost.layer], of: cost });
    else kind.layers.push(cost.layer);
  }
  return kinds;
}

/** `layers 0-5, 7` */
function layersText(layers: readonly number[]): string {
  const runs: [number, number][] = [];
  for (const layer of layers) {
    const run = runs.at(-1);
    if (run !== undefined && run[1] === layer - 1) run[1] = layer;
    else runs.push([layer, layer]);
  }
  const text = runs.map(([from, to]) => (from === to ? `${from}` : `${from}-${to}`)).join(', ');
  return `${layers.length === 1 ? 'layer' : 'layers'} ${text}`;
}

function hopsText({ least, most, exact }: FlowReport['hops']): string {
  if (exact) return `${grouped(least)} ${least === 1 ? 'hop' : 'hops'}`;
  return Number.isFinite(most)
    ? `${grouped(least)} to ${grouped(most)} hops (bounds)`
    : `at least ${grouped(least)} ${least === 1 ? 'hop' : 'hops'}`;
}

function factor(times: number): string {
  return `${times >= 100 ? Math.round(times) : Number(times.toPrecision(3))}x`;
}
