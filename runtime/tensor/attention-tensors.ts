import { TensorFileError } from './dtype.ts';
import { ONLY_ARRAY, type TensorFacts } from './tensor-file.ts';

/** The order of a tensor's axes: batch, heads, tokens (n), head_dim. */
export const LAYOUTS = ['hnd', 'nhd', 'bhnd', 'bnhd'] as const;
export type Layout = (typeof LAYOUTS)[number];

export const ROLES = ['q', 'k', 'v'] as const;
export type Role = (typeof ROLES)[number];

/** The names of a layer's tensors. */
export interface LayerTensors extends Readonly<Record<Role, string>> {
  /** Number of the layer, where the names have one. */
  readonly layer: number | null;
}

/** What a name calls queries, keys and values. */
const WORDS: Readonly<Record<Role, RegExp>> = {
  q: /(?<![a-z])(?:queries|query|q)(?![a-z])/gi,
  k: /(?<![a-z])(?:keys|key|k)(?![a-z])/gi,
  v: /(?<![a-z])(?:values|value|v)(?![a-z])/gi,
};
/** Parameters of a model are named like what they make. */
const NO_ACTIVATION = /weight|bias|norm|scale/i;
const SHOWN_NAMES = 12;

/**
 * Finds the queries, keys and values of a file, by layer in ascending order.
 *
 * Given names are used as they are; in each, `{layer}` stands for the number of a layer. Otherwise they are the three
 * names that differ in `q`, `k`, `v` (or `query`, `keys`, `value_states`, ...) alone: `q`; `layer0.q`;
 * `model.layers.0.self_attn.q`. Weights and biases are passed over.
 *
 * @throws TensorFileError that lists what there is, when something is missing, also of one layer, or several names fit
 */
export function findLayers(
  tensors: ReadonlyMap<string, TensorFacts>,
  names: Readonly<Partial<Record<Role, string>>> = {},
): readonly LayerTensors[] {
  const given = ROLES.some(role => names[role] !== undefined);
  return given ? namedLayers(tensors, { q: 'q', k: 'k', v: 'v', ...names }) : guessedLayers(tensors);
}

function namedLayers(
  tensors: ReadonlyMap<string, TensorFacts>,
  names: Readonly<Record<Role, string>>,
): readonly LayerTensors[] {
  const found = { q: layersOf(names.q), k: layersOf(names.k), v: layersOf(names.v) };
  const layers = [...found.q.keys()].sort((a, b) => Number(a) - Number(b));
  return layers.map(layer => ({ layer, ...atLayer(layer) }));

  /** Layers at which there is a tensor of that name. */
  function layersOf(name: string): ReadonlyMap<number | null, string> {
    const [before, after, ...more] = name.split('{layer}');
    if (after === undefined) {
      if (!tensors.has(name)) throw missing(name, tensors);
      return new Map([[null, name]]);
    }
    if (before === undefined || more.length > 0) throw new TensorFileError(`${name} has {layer} more than once.`);
    const numbers = [...tensors.keys()].flatMap(candidate => {
      const number = candidate.slice(before.length, candidate.length - after.length);
      return candidate === before + number + after && /^\d+$/.test(number)
        ? [[Number(number), candidate] as const]
        : [];
    });
    if (numbers.length === 0) throw missing(name, tensors);
    return new Map(numbers);
  }

  function atLayer(layer: number | null): Record<Role, string> {
    const of = (role: Role): string => {
      const name = found[role].get(layer) ?? found[role].get(null);
      if (name === undefined) throw missing(names[role].replace('{layer}', String(layer)), tensors);
      return name;
    };
    return { q: of('q'), k: of('k'), v: of('v') };
  }
}

function guessedLayers(tensors: ReadonlyMap<string, TensorFacts>): readonly LayerTensors[] {
  // Names with the word for their role left out, which those of a layer share.
  const stems = new Map<string, Partial<Record<Role, string>>>();
  for (const name of tensors.keys()) {
    if (NO_ACTIVATION.test(name)) continue;
    for (const role of ROLES) {
      const word = [...name.matchAll(WORDS[role])].at(-1);
      if (word === undefined) continue;
      const stem = `${name.slice(0, word.index)}\0${name.slice(word.index + word[0].length)}`;
      stems.set(stem, { ...stems.get(stem), [role]: name });
    }
  }
  const complete = [...stems].flatMap(([stem, { q, k, v }]) =>
    q === undefined || k === undefined || v === undefined ? [] : [{ stem, q, k, v }],
  );
  const [first] = complete;
  const only = tensors.size === 1 ? tensors.get(ONLY_ARRAY) : undefined;
  if (first === undefined && only !== undefined)
    throw new TensorFileError(
      `It is one array, [${only.shape.join(', ')}]; put q, k and v one after the other into an array [3, ...], or say with --q, --k and --v which three files they are.`,
    );
  if (first === undefined)
    throw new TensorFileError(
      `It has no q, k and v that are named alike; say with --q, --k and --v which they are. It has ${listed(tensors)}.`,
    );
  checkWhole(stems, new Set(complete.map(({ stem }) => patternOf(stem))));
  if (complete.length === 1) return [{ ...first, layer: numbersIn(first.stem)[0] ?? null }];
  const all = complete.map(({ stem }) => numbersIn(stem));
  const place = (all[0] ?? []).findIndex((number, at) => all.some(numbers => numbers[at] !== number));
  const layers = complete.map(({ q, k, v }, index) => ({ q, k, v, layer: all[index]?.[place] ?? null }));
  const patterns = new Set(complete.map(({ stem }) => patternOf(stem)));
  if (patterns.size > 1 || place < 0 || new Set(layers.map(({ layer }) => layer)).size < layers.length)
    throw new TensorFileError(
      `Several tensors may be q: ${layers
        .slice(0, SHOWN_NAMES)
        .map(({ q }) => q)
        .join(', ')}; say with --q, --k and --v which are meant, {layer} for the number of a layer.`,
    );
  return layers.sort((a, b) => Number(a.layer) - Number(b.layer));
}

/** A stem whatever the numbers in it. */
function patternOf(stem: string): string {
  return stem.replace(/\d+/g, '0');
}

/** Throws TensorFileError for a layer that is named as others are and lacks one of its tensors: it would be passed over. */
function checkWhole(
  stems: ReadonlyMap<string, Readonly<Partial<Record<Role, string>>>>,
  patterns: ReadonlySet<string>,
): void {
  for (const [stem, found] of stems) {
    const lacking = ROLES.filter(role => found[role] === undefined);
    if (lacking.length === 0 || !patterns.has(patternOf(stem))) continue;
    const there = ROLES.flatMap(role => found[role] ?? []);
    throw new TensorFileError(
      `It has ${there.join(' and ')} but no ${lacking.join(' and no ')} of that layer; say with --q, --k and --v which tensors are meant.`,
    );
  }
}

function numbersIn(text: string): number[] {
  return [...text.matchAll(/\d+/g)].map(([digits]) => Number(digits));
}

function missing(name: string, tensors: ReadonlyMap<string, TensorFacts>): TensorFileError {
  return new TensorFileError(`It has no tensor ${name}; it has ${listed(tensors)}.`);
}

function listed(tensors: ReadonlyMap<string, TensorFacts>): string {
  const names = [...tensors.keys()];
  const more = names.length - SHOWN_NAMES;
  return `${names.slice(0, SHOWN_NAMES).join(', ') || 'none'}${more > 0 ? ` and ${more} more` : ''}`;
}

/** Sizes of a tensor's axes. */
export interface HeadAxes {
  readonly batch: number;
  readonly heads: number;
  readonly tokens: number;
  readonly headDim: number;
}

/** The sizes of the axes of a tensor, or undefined when it has not as many as the layout. */
export function axesOf(shape: readonly number[], layout: Layout): HeadAxes | undefined {
  if (shape.length !== layout.length) return undefined;
  const size = (axis: string): number => shape[layout.indexOf(axis)] ?? 1;
  return { batch: size('b'), heads: size('h'), tokens: size('n'), headDim: size('d') };
}

/** No model has more heads in a layer. */
const MOST_HEADS = 256;

/**
 * The layout that a tensor of keys most likely has: heads come before tokens, unless that would be more than 256 heads.
 *
 * @throws TensorFileError when it has neither three nor four axes
 */
export function guessLayout(name: string, shape: readonly number[]): Layout {
  const [first = 0, second = 0] = shape.slice(-3);
  const headsFirst = first <= MOST_HEADS || second > MOST_HEADS;
  if (shape.length === 3) return headsFirst ? 'hnd' : 'nhd';
  if (shape.length === 4) return headsFirst ? 'bhnd' : 'bnhd';
  throw new TensorFileError(
    `${name} is [${shape.join(', ')}], but should have three axes (heads, tokens, head_dim in any order that --layout names) or four with a batch.`,
  );
}

/** Is the order of axes beyond doubt? Not where either could be the heads. One head is likelier than one token. */
export function isLayoutClear(shape: readonly number[]): boolean {
  const [first = 0, second = 0] = shape.slice(-3);
  return first > MOST_HEADS || second > MOST_HEADS || first === 1;
}
