import { stat } from 'node:fs/promises';
import path from 'node:path';
import { readConfiguration } from '../../runtime/language-model/configuration.ts';
import { LanguageModelError } from '../../runtime/language-model/language-model-error.ts';
import { type LanguageModel, readWeights } from '../../runtime/language-model/weights.ts';
import { TensorFileError } from '../../runtime/tensor/dtype.ts';
import { wrongUse } from './failure.ts';
import { readWholeFile } from './read-file.ts';

/** Where models are looked for that are named without a path. */
const SHELF = 'examples';
/** A configuration is a page of text. */
const LONGEST_CONFIGURATION = 2 ** 20;

/** A language model and where it came from. */
export interface OpenedModel {
  readonly folder: string;
  readonly model: LanguageModel;
}

/**
 * Reads a language model from a folder with config.json and model.safetensors.
 *
 * @param named path of the folder, or the name of one in `examples/`
 * @throws Failure (2) when there is none, or it is of another architecture
 */
export async function openLanguageModel(named: string, signal: AbortSignal): Promise<OpenedModel> {
  const folder = await findFolder(named);
  const configurationFile = path.join(folder, 'config.json');
  const weightsFile = path.join(folder, 'model.safetensors');
  const text = new TextDecoder().decode(await readWholeFile(configurationFile, signal, LONGEST_CONFIGURATION));
  const configuration = saying(configurationFile, () => readConfiguration(text));
  const bytes = await readWholeFile(weightsFile, signal);
  return { folder, model: saying(weightsFile, () => readWeights(configuration, bytes)) };
}

/** What cannot be used is named with its file. */
function saying<T>(file: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof LanguageModelError || error instanceof TensorFileError)
      throw wrongUse(`${file}: ${error.message}`);
    throw error;
  }
}

async function findFolder(named: string): Promise<string> {
  if (await isFolder(named)) return named;
  const bare = !/[\\/]/.test(named);
  const onShelf = path.join(SHELF, named);
  if (bare && (await isFolder(onShelf))) return onShelf;
  const looked = bare ? `here or in ${SHELF}/` : 'there';
  const sample =
    named === 'tiny-lm'
      ? ' tiny-lm is in the folder examples/ of the repository: go there, or give the path of the folder.'
      : '';
  throw wrongUse(
    `there is no folder ${named} ${looked}; a model is a folder with config.json, model.safetensors and heldout.txt.${sample}`,
  );
}

async function isFolder(name: string): Promise<boolean> {
  try {
    return (await stat(name)).isDirectory();
  } catch {
    return false;
  }
}
