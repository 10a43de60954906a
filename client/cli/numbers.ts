import { InvalidArgumentError } from 'commander';
import { MAX_TOKENS } from '../../runtime/pattern/shape.ts';

const MULTIPLES: Readonly<Record<string, number>> = { '': 1, Ki: 1024, Mi: 1024 ** 2 };

/** A whole number as the language writes it: `4096`, `4_096`, `4Ki`, `1Mi`; undefined for anything else. */
export function parseLength(text: string): number | undefined {
  const [, digits, unit] = /^(\d[\d_]*)(Ki|Mi)?$/.exec(text) ?? [];
  return digits === undefined ? undefined : Number(digits.replaceAll('_', '')) * (MULTIPLES[unit ?? ''] ?? 1);
}

/** A sequence length, written like that. */
export function parseTokens(text: string): number {
  const tokens = parseLength(text);
  if (tokens === undefined) throw new InvalidArgumentError('Write a whole number such as 4096, 4Ki or 1Mi.');
  if (tokens < 1) throw new InvalidArgumentError('A sequence has at least 1 token.');
  if (tokens > MAX_TOKENS) {
    throw new InvalidArgumentError(`At most ${grouped(MAX_TOKENS)} tokens can be handled.`);
  }
  return tokens;
}

/** How many there are to be. */
export function parseCount(text: string): number {
  const count = parseLength(text);
  if (count === undefined || count < 1 || count > Number.MAX_SAFE_INTEGER)
    throw new InvalidArgumentError('Write a whole number from 1 on.');
  return count;
}

/** The number of a layer or a head. */
export function parseIndex(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError('Write a whole number; the first is 0.');
  return Number(text);
}

/** `1234567` as `1,234,567`. */
export function grouped(value: number | bigint): string {
  return value.toLocaleString('en-US', { maximumFractionDigits: 2 });
}

/** `1 file`, `2 files`. */
export function counted(number: number, what: string): string {
  return `${grouped(number)} ${what}${number === 1 ? '' : 's'}`;
}

/** A share of 1 as a percentage with four significant digits. */
export function percent(share: number): string {
  return `${share === 1 || share === 0 ? share * 100 : (share * 100).toPrecision(4)} %`;
}

/** Operations as `1.23 G`, four significant digits. */
export function flops(count: bigint): string {
  const value = Number(count);
  const power = value < 1000 ? 0 : Math.min(6, Math.floor(Math.log10(value) / 3));
  return `${Number((value / 1000 ** power).toPrecision(4))} ${['', 'k', 'M', 'G', 'T', 'P', 'E'][power]}`.trimEnd();
}

/** The sides of a tile: `64` or `128x64`. */
export function parseTile(text: string): { readonly queries: number; readonly keys: number } {
  const [, queries, keys = queries] = /^(\d{1,4})(?:x(\d{1,4}))?$/.exec(text) ?? [];
  const sides = [Number(queries), Number(keys)];
  if (queries === undefined || sides.some(side => side < 16 || side > 256 || side % 16 !== 0))
    throw new InvalidArgumentError('Write a multiple of 16 from 16 to 256 such as 64, or two such as 128x64.');
  return { queries: Number(queries), keys: Number(keys) };
}

/** Bytes as `1.5 MiB`. */
export function bytes(count: number): string {
  const units = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB'];
  const power = Math.min(units.length - 1, count < 1024 ? 0 : Math.floor(Math.log2(count) / 10));
  return `${power === 0 ? count : (count / 1024 ** power).toFixed(1)} ${units[power]}`;
}

/** Milliseconds as `0.42 ms`, `31.0 ms`, `2.50 s` or `4 min`. */
export function duration(ms: number): string {
  if (ms < 10) return `${ms.toFixed(2)} ms`;
  if (ms < 1000) return `${ms.toFixed(1)} ms`;
  if (ms < 100_000) return `${(ms / 1000).toFixed(2)} s`;
  if (ms < 2 * 3_600_000) return `${Math.round(ms / 60_000)} min`;
  return `${Math.round(ms / 3_600_000)} h`;
}
