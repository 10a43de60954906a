import { BIT_ORDER } from './block-tensors.ts';
import type { FormatName } from './format-names.ts';

/**
 * Recognises the second file of an earlier export of a format that has one only sometimes (`hf`, `splash`, `deepspeed`): its
 * tensors, metadata or fields are exactly those that the format writes there. Any other file is somebody else's.
 *
 * @param start the beginning of the file, or all of it
 */
export function isSecondFile(id: FormatName['id'], start: Uint8Array): boolean {
  if (id === 'hf') return hasTensors(start, ['global_attention_mask'], ({ name }) => name !== undefined);
  if (id === 'splash')
    return hasTensors(
      start,
      ['bits', 'column', 'head', 'row_start', 'tile'],
      ({ name, bit_order }) => name !== undefined && bit_order === BIT_ORDER,
    );
  return id === 'deepspeed' && isConfiguration(start);
}

/** As many bytes of a file as `isSecondFile` needs. */
export const SECOND_FILE_START = 2 ** 20;

type Metadata = Readonly<Record<string, unknown>>;

/** The header of a .safetensors file: its tensors by name, and metadata. */
function hasTensors(start: Uint8Array, names: readonly string[], isOurs: (metadata: Metadata) => boolean): boolean {
  if (start.length < 8) return false;
  const length = new DataView(start.buffer, start.byteOffset).getBigUint64(0, true);
  if (length > BigInt(start.length - 8)) return false;
  const header = parsed(start.subarray(8, 8 + Number(length)));
  const metadata = header?.__metadata__;
  if (header === undefined || typeof metadata !== 'object' || metadata === null) return false;
  const found = Object.keys(header).filter(name => name !== '__metadata__');
  return found.sort().join() === names.join() && isOurs(metadata as Metadata);
}

/** `{ sparse_attention: { mode, block, ... } }` and nothing else, in the layout that is written. */
function isConfiguration(bytes: Uint8Array): boolean {
  const whole = parsed(bytes);
  const mode = whole?.sparse_attention;
  if (whole === undefined || typeof mode !== 'object' || mode === null) return false;
  return (
    Object.keys(whole).length === 1 &&
    Object.keys(mode).slice(0, 2).join() === 'mode,block' &&
    new TextDecoder().decode(bytes) === `${JSON.stringify(whole, null, 2)}\n`
  );
}

function parsed(bytes: Uint8Array): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
