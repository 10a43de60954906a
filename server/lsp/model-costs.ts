import { type Cost, MeasuredMasks, type ModelCost, modelCost } from '../../runtime/analyse/cost.ts';
import { CompileError } from '../../runtime/compile/mask-tree.ts';
import type { Model } from '../../runtime/pattern/ir.ts';
import { PatternError } from '../../runtime/pattern/primitive.ts';
import { keyOf } from '../check/facts.ts';
import { type Checkpoint, type Idle, SlowAnswers } from '../slow-answers.ts';

const KEPT = 64;
/** Models whose costs are under way. */
const KEPT_PARTS = 8;

/** What models cost, as a table for a hover. A model with a mask for every head takes several goes. */
export class ModelCosts {
  readonly #known: SlowAnswers<string | undefined>;
  /** What is known of models that took too long so far. */
  readonly #parts = new Map<string, MeasuredMasks>();

  constructor(idle?: Idle) {
    this.#known = new SlowAnswers(KEPT, idle, { goesOn: true });
  }

  /** A Markdown table; undefined when the model has no meaning or its costs take longer than so many milliseconds. */
  of(model: Model, milliseconds: number): string | undefined {
    const key = `costs${keyOf(model)}`;
    return this.#known.ask(key, milliseconds, checkpoint => {
      const found = costs(model, this.#partsOf(key), checkpoint);
      this.#parts.delete(key);
      return found;
    })?.value;
  }

  #partsOf(key: string): MeasuredMasks {
    const parts = this.#parts.get(key) ?? new MeasuredMasks();
    this.#parts.delete(key);
    const oldest = this.#parts.keys().next();
    if (this.#parts.size >= KEPT_PARTS && !oldest.done) this.#parts.delete(oldest.value);
    this.#parts.set(key, parts);
    return parts;
  }
}

function costs(model: Model, measured: MeasuredMasks, checkpoint: Checkpoint): string | undefined {
  try {
    return table(modelCost(model, undefined, { checkpoint, measured }));
  } catch (error) {
    if (error instanceof PatternError || error instanceof CompileError || error instanceof RangeError) return undefined;
    throw error;
  }
}

/** A row: what it is about, and how much of it there is in a layer or in all. */
type Row = readonly [title: string, sparse: (cost: Cost) => bigint, full: (cost: Cost) => bigint, bytes: boolean];

function table(cost: ModelCost): string {
  // Who never sees the future is compared with full attention that does not either.
  const against = cost.causal ? 'causal' : 'full';
  const rows: Row[] = [
    [
      'FLOPs of scores and values',
      each => each.scoreFlops.sparse + each.valueFlops.sparse,
      each => each.scoreFlops[against] + each.valueFlops[against],
      false,
    ],
    ['Memory of all scores', each => each.scoreBytes.sparse, each => each.scoreBytes[against], true],
  ];
  if (cost.causal) rows.push(['KV cache', each => each.cacheBytes.sparse, each => each.cacheBytes.full, true]);
  const many = cost.layers > 1;
  const full = cost.causal ? 'full causal' : 'full';
  const heads = many
    ? ['a layer', `${cost.layers} layers`, `${full}, a layer`, `${full}, ${cost.layers} layers`]
    : ['sparse', full];
  const lines = rows.map(([title, sparse, dense, bytes]) => {
    const cells = [sparse, dense].flatMap((of, index) => {
      const atMost = index === 0 && cost.atMost ? '≤ ' : '';
      const total = atMost + shown(of(cost.total), bytes);
      return many ? [atMost + range(cost.perLayer.map(of), bytes), total] : [total];
    });
    return `| ${title} | ${cells.join(' | ')} |`;
  });
  const notes = [
    `${cost.dtype}${cost.batch === 1 ? '' : `, batch of ${cost.batch}`}`,
    cost.headDimAssumed ? `head_dim ${cost.headDim} assumed` : '',
    cost.atMost ? 'keys are chosen by content: at most' : '',
  ].filter(note => note !== '');
  return [
    `| | ${heads.join(' | ')} |`,
    `|---|${heads.map(() => '--:').join('|')}|`,
    ...lines,
    '',
    `${notes.join('; ')}.`,
  ].join('\n');
}

/** What layers have in common, or the least and the most of it. */
function range(values: readonly bigint[], bytes: boolean): string {
  const [first = 0n] = values;
  const least = values.reduce((a, b) => (b < a ? b : a), first);
  const most = values.reduce((a, b) => (b > a ? b : a), first);
  return least === most ? shown(least, bytes) : `${shown(least, bytes)} to ${shown(most, bytes)}`;
}

const DECIMAL = ['', ' K', ' M', ' G', ' T', ' P', ' E'];
const BINARY = [' B', ' KiB', ' MiB', ' GiB', ' TiB', ' PiB', ' EiB'];

/** Three digits and a unit: `1.23 G` of operations, `45.6 MiB` of memory. */
function shown(value: bigint, bytes: boolean): string {
  const base = bytes ? 1024 : 1000;
  const units = bytes ? BINARY : DECIMAL;
  let power = 0;
  let rest = Number(value);
  // 999.9 would be written as 1000.
  while (power < units.length - 1 && Number(rest.toPrecision(3)) >= base) {
    rest /= base;
    power++;
  }
  return `${Number(rest.toPrecision(3))}${units[power] ?? ''}`;
}
