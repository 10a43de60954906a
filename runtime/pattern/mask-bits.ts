import { deflateSync, inflateSync } from 'fflate';
import { fromBase64, toBase64 } from '../tensor/base64.ts';
import { fromUint32, toUint32 } from '../tensor/convert.ts';
import { bitsBetween } from './bits.ts';
import type { MaskData } from './ir.ts';

/** Most pairs of one mask file, all its heads together: 32 MiB of bits. One mask of 16,384 tokens, 32 of 2,896. */
export const MAX_MASK_PAIRS = 2 ** 28;

/** Masks written out, one bit for each pair. */
export interface MaskBits {
  /** Heads that have a mask of their own; null when one mask is for all. */
  readonly heads: number | null;
  /** Rows and columns of each mask. */
  readonly tokens: number;
  /** [heads][tokens][ceil(tokens / 32)]: bit c of word w of a row is key 32 w + c. Bits past the last key are 0. */
  readonly words: Uint32Array;
}

/** Words of one row of a mask. */
export function wordsOfRow(tokens: number): number {
  return Math.ceil(tokens / 32);
}

/** No pairs yet. `words` is what takes them. Throws RangeError above MAX_MASK_PAIRS. */
export function emptyMask(heads: number | null, tokens: number): MaskBits {
  const masks = heads ?? 1;
  if (masks * tokens * tokens > MAX_MASK_PAIRS)
    throw new RangeError(`${masks} x ${tokens} x ${tokens} pairs are more than ${MAX_MASK_PAIRS}.`);
  return { heads, tokens, words: new Uint32Array(masks * tokens * wordsOfRow(tokens)) };
}

/** Adds the keys [from, to) to a row; rows of all heads count on. */
export function setKeys({ words, tokens }: MaskBits, row: number, from: number, to: number): void {
  const start = row * wordsOfRow(tokens);
  for (let word = from >>> 5; word << 5 < to; word++)
    words[start + word] = (words[start + word] ?? 0) | bitsBetween(from - 32 * word, to - 32 * word);
}

/** Masks as plain JSON, for the IR. The same bits give the same text. */
export function packMask(mask: MaskBits, name: string): MaskData {
  const { heads, tokens, words } = mask;
  const bytes = fromUint32(words, [words.length]).data;
  return { name, heads, tokens, hash: hashOf(mask), bits: toBase64(deflateSync(bytes, { level: 6 })) };
}

/** Bytes of unpacked masks that are kept. */
const KEPT_BYTES = 2 ** 26;

interface Unpacked {
  /** Two masks with one hash are told apart: a hash is a promise that may be broken. */
  readonly packed: string;
  readonly mask: MaskBits;
}

/** Unpacked masks by hash, those used last at the end: a pattern is bound many times. */
const kept = new Map<string, Unpacked>();

/** The bits of a mask of the IR; the same object while it is remembered. Throws RangeError when they are no such bits. */
export function unpackMask(data: MaskData): MaskBits {
  const { heads, tokens, hash, bits } = data;
  const known = kept.get(hash);
  kept.delete(hash);
  if (known?.packed === bits && known.mask.tokens === tokens && known.mask.heads === heads) {
    kept.set(hash, known);
    return known.mask;
  }
  const { words } = emptyMask(heads, tokens);
  // What deflates to more than that is cut off, and what is less is refused.
  const bytes = inflateSync(fromBase64(bits), { out: new Uint8Array(words.byteLength) });
  if (bytes.length !== words.byteLength)
    throw new RangeError(`The bits of ${data.name} have ${bytes.length} bytes, not ${words.byteLength}.`);
  const mask: MaskBits = { heads, tokens, words: toUint32({ dtype: 'u32', shape: [words.length], data: bytes }) };
  kept.set(hash, { packed: bits, mask });
  let size = 0;
  for (const each of kept.values()) size += each.mask.words.byteLength;
  for (const [oldest, each] of kept) {
    if (size <= KEPT_BYTES || oldest === hash) break;
    kept.delete(oldest);
    size -= each.mask.words.byteLength;
  }
  return mask;
}

/** 64 bits, in the manner of MurmurHash3 with two lanes: enough to tell files apart, not to keep anybody out. */
function hashOf({ heads, tokens, words }: MaskBits): string {
  let a = heads ?? 0xffffffff;
  let b = tokens;
  for (const word of words) {
    a ^= Math.imul(rotated(Math.imul(word, 0x239b961b), 15), 0xab0e9789);
    a = (Math.imul(rotated(a, 19) + b, 5) + 0x561ccd1b) | 0;
    b ^= Math.imul(rotated(Math.imul(word, 0x38b34ae5), 17), 0xa1e38b93);
    b = (Math.imul(rotated(b, 15) + a, 5) + 0x0bcaa747) | 0;
  }
  a = mixed(a ^ words.length);
  b = mixed(b + a);
  return (a >>> 0).toString(16).padStart(8, '0') + (b >>> 0).toString(16).padStart(8, '0');
}

function rotated(value: number, by: number): number {
  return (value << by) | (value >>> (32 - by));
}

function mixed(value: number): number {
  let x = value;
  x = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
  return x ^ (x >>> 16);
}
