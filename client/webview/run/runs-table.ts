import { html, nothing, type TemplateResult } from 'lit';
import { count, mean, milliseconds } from '../format.ts';
import type { RunSummary } from './run-summary.ts';

interface Column {
  readonly title: string;
  readonly explained: string;
  /** Is it a text, which begins where its title does? Numbers end where theirs do. */
  readonly isText?: true;
  /** For people. */
  show(run: RunSummary): string;
  /** For programs: plain numbers in the unit of the title; `''` where there is none. */
  plain(run: RunSummary): string;
}

const number = (value: number | null): string => (value === null ? '' : String(value));

const COLUMNS: readonly Column[] = [
  { title: 'pattern', explained: 'What ran', isText: true, show: run => run.name, plain: run => run.name },
  { title: 'backend', explained: 'Where it ran', isText: true, show: backend, plain: backend },
  {
    title: 'dtype',
    explained: 'Numbers of the tensors',
    isText: true,
    show: run => run.dtype,
    plain: run => run.dtype,
  },
  { title: 'n', explained: 'Keys of the sequence', show: run => count(run.tokens), plain: run => number(run.tokens) },
  { title: 'heads', explained: 'Heads that ran', show: run => count(run.heads), plain: run => number(run.heads) },
  {
    title: 'kv_heads',
    explained: 'Heads of keys and values that they read',
    show: run => count(run.kvHeads),
    plain: run => number(run.kvHeads),
  },
  {
    title: 'head_dim',
    explained: 'Width of a head',
    show: run => count(run.headDim),
    plain: run => number(run.headDim),
  },
  { title: 'data', explained: 'Queries, keys and values', isText: true, show: run => run.data, plain: run => run.data },
  {
    title: 'select ms',
    explained: 'Time of choosing keys by content, where the pattern does',
    show: run => (run.selectMs === null ? '' : milliseconds(run.selectMs)),
    plain: run => number(run.selectMs),
  },
  {
    title: 'sparse ms',
    explained: 'Time of the sparse run',
    show: run => milliseconds(run.sparseMs),
    plain: run => number(run.sparseMs),
  },
  {
    title: 'full ms',
    explained: 'Time of full attention; predicted where it was not tried',
    show: run => (run.fullMs === null ? `≈ ${milliseconds(run.predictedFullMs)}` : milliseconds(run.fullMs)),
    plain: run => number(run.fullMs),
  },
  {
    title: 'speed-up',
    explained: 'Full by sparse time',
    show: run => (run.speedUp === null ? '' : `${mean(run.speedUp)}x`),
    plain: run => number(run.speedUp),
  },
  {
    title: 'TFLOP/s',
    explained: 'Operations of the pairs that attend, in the time of the sparse run',
    show: run => String(Number(run.tflops.toPrecision(3))),
    plain: run => number(run.tflops),
  },
  {
    title: 'error',
    explained: 'Largest difference from float64',
    show: run => run.largestDifference.toExponential(1),
    plain: run => number(run.largestDifference),
  },
];

/** What only programs get. */
const BESIDE: readonly Pick<Column, 'title' | 'plain'>[] = [
  { title: 'predicted full ms', plain: run => number(run.predictedFullMs) },
  { title: 'pairs', plain: run => number(run.pairs) },
  { title: 'device', plain: run => run.device },
];

function backend(run: RunSummary): string {
  return `${run.backend.toUpperCase()}${run.inHost ? ' (host)' : ''}`;
}

/** What can be done with the table. */
export interface RunsTableActions {
  copy(text: string): void;
  clear(): void;
}

/** The runs that are kept, newest first. */
export function runsTable(runs: readonly RunSummary[], actions: RunsTableActions): TemplateResult | typeof nothing {
  if (runs.length === 0) return nothing;
  return html`<div class="runs" tabindex="0" role="region" aria-label="Runs so far">
      <table>
        <thead><tr>${COLUMNS.map(({ title, explained, isText }) => html`<th scope="col" class=${isText ? 'text' : ''} title=${explained}>${title}</th>`)}</tr></thead>
        <tbody>${runs.map(run => html`<tr title=${run.device}>${COLUMNS.map(column => html`<td class=${column.isText ? 'text' : ''}>${column.show(run)}</td>`)}</tr>`)}</tbody>
      </table>
    </div>
    <div class="actions">
      <vscode-button secondary @click=${() => actions.copy(runsAsMarkdown(runs))}>Copy as Markdown</vscode-button>
      <vscode-button secondary @click=${() => actions.copy(runsAsCsv(runs))}>Copy as CSV</vscode-button>
      <vscode-button secondary @click=${actions.clear}>Clear</vscode-button>
    </div>`;
}

/** A table as people read it. */
export function runsAsMarkdown(runs: readonly RunSummary[]): string {
  const row = (cells: readonly string[]): string =>
    `| ${cells.map(cell => cell.replaceAll('|', '\\|')).join(' | ')} |\n`;
  return [
    row(COLUMNS.map(column => column.title)),
    row(COLUMNS.map(({ isText }) => (isText ? '---' : '---:'))),
    ...runs.map(run => row(COLUMNS.map(column => column.show(run)))),
  ].join('');
}

/** The numbers themselves, as RFC 4180 has it, with the device; a full run that was not tried has no time. */
export function runsAsCsv(runs: readonly RunSummary[]): string {
  const row = (cells: readonly string[]): string => `${cells.map(quoted).join(',')}\r\n`;
  return [
    row([...COLUMNS.map(column => column.title), ...BESIDE.map(column => column.title)]),
    ...runs.map(run => row([...COLUMNS, ...BESIDE].map(column => column.plain(run)))),
  ].join('');
}

function quoted(cell: string): string {
  return /[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell;
}
