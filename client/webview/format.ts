const whole = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 });

/** 33,684,734 */
export function count(value: number | bigint): string {
  return whole.format(value);
}

/** 0.78 %, 12.5 %, 0.0021 %: three significant digits. */
export function percent(share: number): string {
  const value = share * 100;
  if (value === 0 || value === 100) return `${value} %`;
  return `${value < 99.95 ? Number(value.toPrecision(3)) : Number(value.toFixed(4))} %`;
}

/** 1,026.5 */
export function mean(value: number): string {
  return new Intl.NumberFormat('en-US', { maximumFractionDigits: 2 }).format(value);
}

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** 1.23 ms, 45.6 ms, 3.21 s, 12.5 min, 7.4 h, 1,530 days */
export function milliseconds(value: number): string {
  if (value < SECOND) return `${Number(value.toPrecision(3))} ms`;
  if (value < 10 * MINUTE) return `${Number((value / SECOND).toPrecision(3))} s`;
  if (value < 2 * HOUR) return `${Number((value / MINUTE).toPrecision(3))} min`;
  return value < 2 * DAY
    ? `${Number((value / HOUR).toPrecision(3))} h`
    : `${count(Number((value / DAY).toPrecision(3)))} days`;
}

const DECIMAL = ['', ' K', ' M', ' G', ' T', ' P', ' E'];
const BINARY = [' B', ' KiB', ' MiB', ' GiB', ' TiB', ' PiB', ' EiB'];

/** 1.23 G */
export function operations(value: bigint): string {
  return scaled(Number(value), 1000, DECIMAL);
}

/** 45.6 MiB */
export function bytes(value: number): string {
  return scaled(value, 1024, BINARY);
}

function scaled(value: number, base: number, units: readonly string[]): string {
  if (value < base) return `${value}${units[0] ?? ''}`;
  let rest = value;
  let power = 0;
  // 999.9 would be written as 1000.
  while (power < units.length - 1 && Number(rest.toPrecision(3)) >= base) {
    rest /= base;
    power++;
  }
  return `${Number(rest.toPrecision(3))}${units[power] ?? ''}`;
}

/** A whole number of tokens as the language writes it: 4096, 4_096, 4Ki, 1Mi. Undefined for anything else. */
export function parseTokens(text: string): number | undefined {
  const match = /^([0-9][0-9_,]*)(Ki|Mi)?$/.exec(text.trim());
  if (match === null) return undefined;
  const value =
    Number(match[1]?.replace(/[_,]/g, '')) * (match[2] === 'Ki' ? 2 ** 10 : match[2] === 'Mi' ? 2 ** 20 : 1);
  return Number.isInteger(value) && value >= 1 ? value : undefined;
}
