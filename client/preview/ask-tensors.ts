import { layerSizes, type TensorChoice } from '../../runtime/attention/layer-input.ts';
import { findLayers, isLayoutClear, LAYOUTS, ROLES, type Role } from '../../runtime/tensor/attention-tensors.ts';
import { openTensorFile, type TensorFacts } from '../../runtime/tensor/tensor-file.ts';

/** One of several things to pick. */
export interface Pickable {
  readonly label: string;
  readonly description?: string;
}

/** Lets the user pick one; undefined: none. */
export type Pick = <T extends Pickable>(title: string, items: readonly T[]) => Promise<T | undefined>;

const CALLED: Readonly<Record<Role, string>> = { q: 'queries', k: 'keys', v: 'values' };

/**
 * Asks for what the names and shapes of a file of tensors leave open: which are q, k and v, where none or several are named
 * alike; the order of the axes, where heads may as well be tokens; which of a batch is meant. Of most files nothing is asked.
 *
 * @returns the choice, or null when the user turned away; a file that is not sound is left to whoever reads it
 */
export async function askTensors(bytes: Uint8Array, pick: Pick): Promise<TensorChoice | null> {
  const source = { size: bytes.length, read: async (from: number, to: number) => bytes.subarray(from, to) };
  const file = await openTensorFile(source).catch(() => undefined);
  if (file === undefined || file.tensors.size === 0) return {};
  const { tensors } = file;
  let names: TensorChoice['names'];
  let layers = layersOf(tensors);
  if (layers === undefined) {
    const picked = await askNames(tensors, pick);
    if (picked === null) return null;
    names = picked;
    layers = layersOf(tensors, names);
  }
  const [first] = layers ?? [];
  if (first === undefined) return { ...(names && { names }) };
  const keys = tensors.get(first.k)?.shape ?? [];
  let layout: TensorChoice['layout'];
  if (!isLayoutClear(keys)) {
    const items = LAYOUTS.filter(each => each.length === keys.length).map(each => ({
      label: inWords(each, keys),
      layout: each,
    }));
    const picked = await pick(`Axes of ${first.k}, [${keys.join(', ')}]`, items);
    if (picked === undefined) return null;
    layout = picked.layout;
  }
  const choice = { ...(names && { names }), ...(layout && { layout }) };
  const batch = batchOf(() => layerSizes(file, first, choice).q.batch);
  if (batch === 1) return choice;
  const items = Array.from({ length: batch }, (_, at) => ({
    label: String(at),
    description: `of ${batch}`,
    batch: at,
  }));
  const picked = await pick('Which of the batch', items);
  return picked === undefined ? null : { ...choice, batch: picked.batch };
}

function layersOf(tensors: ReadonlyMap<string, TensorFacts>, names?: TensorChoice['names']) {
  try {
    return findLayers(tensors, names);
  } catch {
    return undefined;
  }
}

/** Shapes that do not fit together are told by whoever reads them. */
function batchOf(size: () => number): number {
  try {
    return size();
  } catch {
    return 1;
  }
}

async function askNames(tensors: ReadonlyMap<string, TensorFacts>, pick: Pick): Promise<Record<Role, string> | null> {
  const items = [...tensors].map(([label, { dtype, shape }]) => ({
    label,
    description: `${dtype.toUpperCase()} [${shape.join(', ')}]`,
  }));
  const names = { q: '', k: '', v: '' };
  for (const role of ROLES) {
    const picked = await pick(`Which tensor holds the ${CALLED[role]}?`, items);
    if (picked === undefined) return null;
    names[role] = picked.label;
  }
  return names;
}

const AXES: Readonly<Record<string, string>> = { b: 'of a batch', h: 'heads', n: 'tokens', d: 'numbers a head' };

function inWords(layout: string, shape: readonly number[]): string {
  return [...layout].map((axis, at) => `${shape[at]} ${AXES[axis]}`).join(', ');
}
