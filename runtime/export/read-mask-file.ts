import { emptyMask, type MaskBits, wordsOfRow } from '../pattern/mask-bits.ts';
import { toTruths } from '../tensor/convert.ts';
import { type Tensor, TensorFileError } from '../tensor/dtype.ts';
import { readNpy } from '../tensor/npy.ts';
import { namesOfNpz, readNpzArrays } from '../tensor/npz.ts';
import { readSafetensors } from '../tensor/safetensors.ts';
import { CSR_ARRAYS, readCsr } from './csr.ts';
import { checkMaskShape } from './mask-shape.ts';
import { isTilePlan, readTilePlan } from './safetensors.ts';

/** Kinds of files that hold masks, by the end of their names. */
export const MASK_EXTENSIONS = ['.npy', '.npz', '.safetensors'] as const;

/** Largest file that is read: a dense .npy of 8,192 tokens. More is for formats that compress. */
export const MAX_MASK_FILE_BYTES = 2 ** 26 + 2 ** 16;

/** Why a file of more bytes than `most` is not read, for people. */
export function tooLarge(most: number): string {
  return `it has more than ${Math.floor(most / 2 ** 20)} MiB; save it as .npz, compressed`;
}

/** What a .npz file may unpack to. */
const MAX_UNPACKED = 2 ** 29;

/** Does a path end like the name of a mask file? */
export function isMaskPath(path: string): boolean {
  const lower = path.toLowerCase();
  return MASK_EXTENSIONS.some(extension => lower.endsWith(extension) && lower.length > extension.length);
}

/**
 * Reads masks from a file: an array of booleans, or of numbers that are 0 or 1, [n, n] or [heads, n, n]; a CSR matrix in
 * the layout of `scipy.sparse.save_npz`; a tile plan as it is exported here. Of several arrays the one called `mask` is
 * meant.
 *
 * @param path decides, by its end, what the bytes are
 * @throws TensorFileError, with a message for people, for anything else
 */
export function readMaskFile(bytes: Uint8Array, path: string): MaskBits {
  const lower = path.toLowerCase();
  if (lower.endsWith('.npy')) return dense(readNpy(bytes));
  if (lower.endsWith('.npz')) return fromNpz(bytes);
  if (lower.endsWith('.safetensors')) return fromSafetensors(bytes);
  throw new TensorFileError(`Masks are read from ${MASK_EXTENSIONS.join(', ')} files.`);
}

function fromNpz(bytes: Uint8Array): MaskBits {
  const names = namesOfNpz(bytes);
  if (names.includes('indptr') && names.includes('indices') && names.includes('format'))
    return readCsr(readNpzArrays(bytes, CSR_ARRAYS, MAX_UNPACKED));
  const name = theMask(names);
  const array = readNpzArrays(bytes, [name], MAX_UNPACKED).get(name);
  if (array === undefined || array.dtype === 'bytes') throw new TensorFileError(`Its ${name} holds text, not a mask.`);
  return dense(array);
}

function fromSafetensors(bytes: Uint8Array): MaskBits {
  const file = readSafetensors(bytes);
  if (isTilePlan(file)) return readTilePlan(file);
  const tensor = file.tensors.get(theMask([...file.tensors.keys()]));
  if (tensor === undefined) throw new TensorFileError('It holds no array.');
  return dense(tensor);
}

/** The only array, or the one called `mask`. */
function theMask(names: readonly string[]): string {
  const [only] = names;
  if (only === undefined) throw new TensorFileError('It holds no array.');
  if (names.length === 1 || names.includes('mask')) return names.length === 1 ? only : 'mask';
  const shown = names.slice(0, 4).map(name => JSON.stringify(name.slice(0, 40)));
  throw new TensorFileError(
    `It holds several arrays (${shown.join(', ')}${names.length > 4 ? ', ...' : ''}); call the one that is meant "mask".`,
  );
}

function dense(tensor: Tensor): MaskBits {
  const { heads, tokens } = checkMaskShape(tensor.shape, 3);
  const truths = toTruths(tensor);
  const mask = emptyMask(heads, tokens);
  const words = wordsOfRow(tokens);
  for (let row = 0; row < (heads ?? 1) * tokens; row++) {
    const start = row * tokens;
    for (let word = 0; word < words; word++) {
      const from = start + 32 * word;
      const count = Math.min(32, tokens - 32 * word);
      let bits = 0;
      for (let bit = 0; bit < count; bit++) bits |= (truths[from + bit] ?? 0) << bit;
      mask.words[row * words + word] = bits;
    }
  }
  return mask;
}
