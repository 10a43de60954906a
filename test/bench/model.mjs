// What patterns cost a language model: bits per byte of tiny-lm over all held-out sequences, against full attention, and how
// much faster its attention is. Prints a table in Markdown; ends with 1 when a loss is not that of reference.json.
//
//   npm run bench:model -- [--only REGEXP] [--sequences 16] [--threads 0 (all)] [--keep FILE] [--out FILE]
//
// Later keys are taken out of every pattern. Sequences go through every pattern in turn, and a time is the median of the
// ratios to full attention on the same sequence: of attention by the clock, with choosing keys by content, and of the whole
// model by processor time, which other programs on the machine disturb little. --keep keeps what was measured, line by
// line, and takes it up again.
import { spawn } from 'node:child_process';
import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus, loadavg, tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { build } from 'esbuild';
import { projectRoot } from '../../scripts/project-root.mjs';
import { median, table } from './editor/statistics.mjs';

const { values: options } = parseArgs({
  options: {
    only: { type: 'string', default: '' },
    sequences: { type: 'string', default: '16' },
    threads: { type: 'string', default: '0' },
    keep: { type: 'string' },
    out: { type: 'string' },
  },
});

/** How far a loss may be from the one that was computed elsewhere, in bits per byte. */
const TOLERANCE = 0.002;
const FULL = 'causal()';
const folder = path.join(projectRoot, 'examples/tiny-lm');
const reference = JSON.parse(readFileSync(path.join(folder, 'reference.json'), 'utf8'));

const IMPORTS = [
  'import { bigbird } from "sparse:bigbird"',
  'import { log_sparse_local } from "sparse:log-sparse"',
  'import { longformer } from "sparse:longformer"',
  'import { longnet } from "sparse:longnet"',
  'import { moba } from "sparse:moba"',
  'import { duo_attention, streaming_llm } from "sparse:streaming"',
  'import { sparse_fixed, sparse_strided, sparse_strided_heads } from "sparse:sparse-transformer"',
].join('\n');

/** Beside those of reference.json. */
const DESIGNS = [
  'streaming_llm(256)',
  'duo_attention(256)',
  'longformer(512)',
  'window(before: 510, after: 0, dilation: 2)',
  'bigbird()',
  'sparse_strided(64)',
  'sparse_strided_heads(64)',
  'sparse_fixed()',
  'log_sparse_local()',
  'longnet(256)',
  'topk(64, within: causal())',
  'moba(128, 3)',
  'vertical_slash(64, 192)',
];

const only = new RegExp(options.only);
const patterns = [FULL, ...[...Object.keys(reference), ...DESIGNS].filter(name => name !== FULL && only.test(name))];
const sequences = Number(options.sequences);

const results = [];
if (options.keep !== undefined && existsSync(options.keep))
  for (const line of readFileSync(options.keep, 'utf8').split('\n').filter(Boolean)) results.push(JSON.parse(line));

const scratch = mkdtempSync(path.join(tmpdir(), 'sparse-bench-'));
process.on('exit', () => rmSync(scratch, { recursive: true, force: true }));
const bundle = path.join(scratch, 'measure.mjs');
await build({
  absWorkingDir: projectRoot,
  entryPoints: ['test/bench/model/measure.ts'],
  outfile: bundle,
  bundle: true,
  platform: 'node',
  format: 'esm',
  external: ['webgpu'],
  banner: {
    js: "import { createRequire as __createRequire } from 'node:module';const require=__createRequire(import.meta.url);",
  },
  logLevel: 'error',
});

const threads = Number(options.threads) || availableParallelism();
const known = results.map(({ sequence, pattern }) => [sequence, pattern]);
const child = spawn(
  process.execPath,
  [bundle, JSON.stringify({ folder, threads, sequences, imports: IMPORTS, patterns, known })],
  { stdio: ['ignore', 'pipe', 'inherit'] },
);
for await (const line of createInterface({ input: child.stdout })) {
  const result = JSON.parse(line);
  results.push(result);
  if (options.keep !== undefined) appendFileSync(options.keep, `${line}\n`);
  process.stderr.write(`sequence ${result.sequence + 1} of ${sequences}: ${result.pattern}\n`);
}
const code = await new Promise(resolve =>
  child.exitCode === null ? child.once('close', resolve) : resolve(child.exitCode),
);
if (code !== 0) process.exit(code ?? 1);

const mean = values => values.reduce((sum, value) => sum + value, 0) / values.length;
const of = pattern => results.filter(each => each.pattern === pattern && each.sequence < sequences);
const full = new Map(of(FULL).map(each => [each.sequence, each]));
const ratios = (pattern, time) => median(of(pattern).map(each => time(full.get(each.sequence)) / time(each)));
const whole = ({ attentionMs, selectMs, denseMs }) => attentionMs + selectMs + denseMs;
const later = (each, from) => each.later.find(stretch => stretch.from === from).bitsPerByte;
const lossOf = (pattern, value = each => each.bitsPerByte) => mean(of(pattern).map(value));

const lines = [];
const say = (line = '') => {
  console.log(line);
  lines.push(line);
};
say(
  `Node ${process.versions.node}, ${cpus()[0]?.model}, ${threads} threads, load ${loadavg()[0].toFixed(1)}; ${sequences} sequences; full attention: ${(median(of(FULL).map(whole)) / 1000).toFixed(1)} s a sequence, ${(median(of(FULL).map(each => each.processorMs)) / 1000).toFixed(1)} s of processor time.`,
);
say();
const times = ratio => `${ratio.toFixed(ratio < 10 ? 1 : 0)}x`;
const signed = value => `${value < 0 ? '-' : '+'}${Math.abs(value).toFixed(4)}`;
say(
  table(
    ['pattern', 'pairs', 'bits per byte', 'lost', 'from 3,072', 'attention', 'processor time'],
    patterns.map(pattern => [
      `\`${pattern.replaceAll('|', '\\|')}\``,
      `${((100 * mean(of(pattern).map(({ pairs }) => pairs))) / mean(of(FULL).map(({ pairs }) => pairs))).toFixed(1)} %`,
      lossOf(pattern).toFixed(4),
      pattern === FULL ? '' : signed(lossOf(pattern) - lossOf(FULL)),
      pattern === FULL
        ? ''
        : signed(lossOf(pattern, each => later(each, 3072)) - lossOf(FULL, each => later(each, 3072))),
      pattern === FULL ? '' : times(ratios(pattern, each => each.attentionMs + each.selectMs)),
      pattern === FULL ? '' : times(ratios(pattern, each => each.processorMs)),
    ]),
  ),
);

let wrong = 0;
if (sequences === 16) {
  say();
  const checked = patterns.filter(pattern => reference[pattern] !== undefined);
  let worst = 0;
  for (const pattern of checked) {
    const { bitsPerByte, from1024, from3072, pairs } = reference[pattern];
    const off = Math.max(
      Math.abs(lossOf(pattern) - bitsPerByte),
      Math.abs(lossOf(pattern, each => later(each, 1024)) - from1024),
      Math.abs(lossOf(pattern, each => later(each, 3072)) - from3072),
    );
    worst = Math.max(worst, off);
    if (off <= TOLERANCE && of(pattern).every(each => each.pairs === 24 * pairs)) continue;
    wrong++;
    say(`WRONG: ${pattern} is off by ${off.toFixed(5)} bits per byte, or has other pairs than ${pairs}`);
  }
  say(
    `${checked.length - wrong} of ${checked.length} losses of reference.json reproduced; the largest difference is ${worst.toExponential(1)} bits per byte.`,
  );
}
if (options.out !== undefined) writeFileSync(options.out, `${lines.join('\n')}\n`);
process.exitCode = wrong > 0 ? 1 : 0;
