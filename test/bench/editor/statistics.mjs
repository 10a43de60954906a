/** The value below which a share of the values lies, 0 to 1. */
export function quantile(values, share) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;
}

export const median = values => quantile(values, 0.5);
export const p95 = values => quantile(values, 0.95);

/** Milliseconds for people. */
export const ms = value => (value < 10 ? value.toFixed(1) : value.toFixed(0));

export const MiB = 2 ** 20;

/** Rows as a table in Markdown. */
export function table(head, rows) {
  const widths = head.map((title, column) =>
    Math.max(...[title, ...rows.map(row => row[column])].map(cell => `${cell}`.length)),
  );
  const line = cells =>
    `| ${cells.map((cell, column) => (column === 0 ? `${cell}`.padEnd(widths[column]) : `${cell}`.padStart(widths[column]))).join(' | ')} |`;
  const rule = `|${widths.map((width, column) => (column === 0 ? '-'.repeat(width + 2) : `${'-'.repeat(width + 1)}:`)).join('|')}|`;
  return [line(head), rule, ...rows.map(line)].join('\n');
}
