import { type Command, Option } from 'commander';
import { type LayerSizes, layerSizes, readLayerInput } from '../../runtime/attention/layer-input.ts';
import type { AttentionInput, AttentionResult } from '../../runtime/attention/types.ts';
import {
  findLayers,
  LAYOUTS,
  type LayerTensors,
  type Layout,
  type Role,
} from '../../runtime/tensor/attention-tensors.ts';
import { fromFloat32 } from '../../runtime/tensor/convert.ts';
import type { HeadRange } from '../../runtime/tensor/read-heads.ts';
import { writeSafetensors } from '../../runtime/tensor/safetensors.ts';
import { joinTensorFiles, openTensorFile, type TensorFile } from '../../runtime/tensor/tensor-file.ts';
import { type OpenFile, openBytes } from './byte-source.ts';
import { cancelled, Failure, messageOf, wrongUse } from './failure.ts';
import { checkMemory } from './head-lots.ts';
import { parseIndex } from './numbers.ts';

/** Which tensors of a file are meant. */
export interface TensorChoice {
  readonly q?: string;
  readonly k?: string;
  readonly v?: string;
  readonly layout?: Layout;
  readonly batch?: number;
}

/** Adds `--input`, and the options that say what is what in it. */
export function withTensors(command: Command): Command {
  return command
    .option('--input <PATH>', 'queries, keys and values: a .safetensors, .npz or .npy file')
    .option(
      '--q <NAME>',
      'the queries in it, {layer} for the number of a layer (default: q, layer0.q, ... as found); without --input a .npy file',
    )
    .option('--k <NAME>', 'the keys')
    .option('--v <NAME>', 'the values')
    .addOption(
      new Option(
        '--layout <AXES>',
        'order of the axes: heads, tokens (n), head_dim and maybe batch (default: heads before tokens, unless that is absurd)',
      ).choices([...LAYOUTS]),
    )
    .addOption(new Option('--batch <B>', 'which of a batch, from 0').default(0).argParser(parseIndex));
}

/** What the tensors are called that a command was given; null: none. */
export function nameOfTensors({ input, q, k, v }: TensorChoice & { readonly input?: string }): string | null {
  if (input !== undefined) return input;
  return q === undefined && k === undefined && v === undefined ? null : [q, k, v].map(name => name ?? '?').join(', ');
}

/** Queries, keys and values of a file, one layer at a time. */
export interface OpenInput {
  /** What to call it. */
  readonly name: string;
  /** Numbers of the layers, in ascending order; null for tensors that say none. */
  readonly layers: readonly (number | null)[];
  /** Throws Failure (2) when the tensors of a layer do not fit together or are no floats. */
  sizes(layer: number | null): Promise<LayerSizes>;
  /**
   * All heads, or some: whole groups that share keys and values, or a part of one. Throws Failure (2) as `sizes`, and when
   * numbers are not finite or do not fit into memory.
   */
  read(layer: number | null, heads?: HeadRange): Promise<AttentionInput>;
  close(): Promise<void>;
}

/**
 * Opens a file of tensors, or three .npy files.
 *
 * @throws Failure (2) when it is not sound, or has no q, k and v
 */
export async function openInput(
  file: string | undefined,
  choice: TensorChoice,
  signal: AbortSignal,
): Promise<OpenInput> {
  const opened: OpenFile[] = [];
  const close = async (): Promise<void> => void (await Promise.all(opened.map(each => each.close())));
  const open = async (path: string, stacked: boolean): Promise<TensorFile> => {
    const source = await openBytes(path, signal);
    opened.push(source);
    return worded(path, () => openTensorFile(source, { stacked }));
  };
  try {
    const { q, k, v } = choice;
    if (file === undefined) {
      if (q === undefined || k === undefined || v === undefined)
        throw wrongUse('name a file of tensors with --input, or three .npy files with --q, --k and --v');
      const name = [q, k, v].join(', ');
      const tensors = await worded(name, async () =>
        joinTensorFiles({ [q]: await open(q, false), [k]: await open(k, false), [v]: await open(v, false) }),
      );
      const layers = [{ layer: null, q, k, v }];
      return { name, layers: [null], close, ...readers({ name, tensors, layers, choice, signal }) };
    }
    const tensors = await open(file, true);
    const layers = await worded(file, async () => findLayers(tensors.tensors, namesOf(choice)));
    return {
      name: file,
      layers: layers.map(({ layer }) => layer),
      ...readers({ name: file, tensors, layers, choice, signal }),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/**
 * Reads q, k and v of one layer of a file: the only one, or that of the number.
 *
 * @throws Failure (2) as `openInput` does, and when it is left to guess that another layer than the first is meant
 */
export async function readInput(
  file: string | undefined,
  choice: TensorChoice & { readonly layer?: number },
  signal: AbortSignal,
): Promise<AttentionInput> {
  const input = await openInput(file, choice, signal);
  try {
    const layer = layerOf(input, choice.layer);
    // Masks would be those of layer 0.
    if (choice.layer === undefined && layer !== null && layer !== 0)
      throw wrongUse(`${input.name} has only layer ${layer}; add --layer ${layer}`);
    return await input.read(layer);
  } finally {
    await input.close();
  }
}

/** The layer of a file that is meant. Throws Failure (2) when there are several, or not that one. */
export function layerOf({ name, layers }: Pick<OpenInput, 'name' | 'layers'>, layer?: number): number | null {
  const [only = null] = layers;
  if (layer === undefined && layers.length > 1)
    throw wrongUse(`${name} has layers ${layers.join(', ')}; say with --layer which one is meant`);
  if (only === null || layer === undefined) return only;
  if (!layers.includes(layer)) throw wrongUse(`there is no layer ${layer}: ${name} has ${layers.join(', ')}`);
  return layer;
}

function namesOf({ q, k, v }: TensorChoice): Partial<Record<Role, string>> {
  return { ...(q !== undefined && { q }), ...(k !== undefined && { k }), ...(v !== undefined && { v }) };
}

/** What goes wrong in a file, with its name. */
async function worded<T>(name: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw error instanceof Failure ? error : wrongUse(`${name}: ${messageOf(error)}`);
  }
}

interface Opened {
  readonly name: string;
  readonly tensors: TensorFile;
  readonly layers: readonly LayerTensors[];
  readonly choice: TensorChoice;
  readonly signal: AbortSignal;
}

function readers(opened: Opened): Pick<OpenInput, 'sizes' | 'read'> {
  const { name, tensors, choice, signal } = opened;
  const namesAt = (layer: number | null): LayerTensors => {
    const names = opened.layers.find(each => each.layer === layer);
    if (names === undefined) throw wrongUse(`${name} has no layer ${layer}`);
    return names;
  };
  const checkpoint = (): void => {
    if (signal.aborted) throw cancelled();
  };
  return {
    sizes: layer => worded(name, async () => layerSizes(tensors, namesAt(layer), choice)),
    read: (layer, heads) =>
      worded(name, async () => {
        const names = namesAt(layer);
        const sizes = layerSizes(tensors, names, choice);
        checkMemory(name, sizes, heads);
        return readLayerInput(tensors, names, sizes, { ...choice, ...(heads && { heads }), checkpoint });
      }),
  };
}

/** The bytes of a .safetensors file with `o [heads, queries, head_dim]` and `lse [heads, queries]`, both F32. */
export function outputFile(
  { heads, queries, headDim }: Pick<AttentionInput, 'heads' | 'queries' | 'headDim'>,
  result: AttentionResult,
  metadata: Readonly<Record<string, string>>,
): Uint8Array {
  return writeSafetensors(
    { o: fromFloat32(result.o, [heads, queries, headDim]), lse: fromFloat32(result.lse, [heads, queries]) },
    metadata,
  );
}
