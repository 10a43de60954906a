/** q, k and v of two heads, 40 tokens, width 4, as a file that is a text: each number is 12.078431. */
export function textTensors(): string {
  const size = 2 * 40 * 4 * 4;
  const entry = (index: number) => ({
    dtype: 'F32',
    shape: [2, 40, 4],
    data_offsets: [index * size, (index + 1) * size],
  });
  const header = JSON.stringify({ q: entry(0), k: entry(1), v: entry(2) }).padEnd(256 + 64);
  return `\u0040\u0001${'\0'.repeat(6)}${header}${'A'.repeat(3 * size)}`;
}
