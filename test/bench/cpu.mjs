// How fast attention is on the processor, in WebAssembly, beside the machine's peak and ONNX Runtime.
//
//   npm run bench:cpu -- [--seconds 10] [--tile 64] [--threads 0 (all)] [--only tiles,dense,sparse,all] [--out FILE]
//
// Relaxed SIMD (fused multiply-add) needs Node 22 or later. What is compared is measured in turn in one process, and each
// output is checked first. On one thread the ratios are of processor time, which other programs on the machine disturb
// little; on all of them, of the wall clock.
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus, loadavg, tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs, promisify } from 'node:util';
import { build } from 'esbuild';
import { projectRoot } from '../../scripts/project-root.mjs';
import { PEAK_FLOPS, PEAK_ROUNDS, peakModule } from './cpu/peak.mjs';
import { table } from './editor/statistics.mjs';

const { values: options } = parseArgs({
  options: {
    seconds: { type: 'string', default: '10' },
    tile: { type: 'string', default: '64' },
    threads: { type: 'string', default: '0' },
    only: { type: 'string', default: 'tiles,dense,sparse,all' },
    out: { type: 'string' },
  },
});

const LONGFORMER = 'window(512) | global([0])';
/** A tenth of all pairs at 4,096 tokens. */
const TENTH = ['window(410)', 'sliding(430)', 'blocked(64, window(3) | global([0]) | random(2))'];
/** Two more that are not made of blocks: one in two parts with their own orders, one scattered over every tile. */
const PATTERNS = [LONGFORMER, ...TENTH, 'strided(11) & causal() | sliding(50)', 'random(410)'];
/** What has to hold. */
const GOAL = { ofPeak: 0.7, web: 1.7, node: 5, longformerMs: 312 };

const run = promisify(execFile);
const scratch = mkdtempSync(path.join(tmpdir(), 'sparse-bench-'));
process.on('exit', () => rmSync(scratch, { recursive: true, force: true }));
const bundle = path.join(scratch, 'measure.mjs');
await build({
  absWorkingDir: projectRoot,
  entryPoints: ['test/bench/cpu/measure.ts'],
  outfile: bundle,
  bundle: true,
  platform: 'node',
  format: 'esm',
  banner: {
    js: "import { createRequire as __createRequire } from 'node:module';const require=__createRequire(import.meta.url);",
  },
  logLevel: 'error',
});

const lines = [];
const goals = [];
function say(line = '') {
  console.log(line);
  lines.push(line);
}

async function measure(group, more = {}) {
  const side = Number(options.tile);
  const settings = {
    ...{ root: projectRoot, group, threads: 1, seconds: Number(options.seconds) },
    ...{ tile: { queries: side, keys: side }, heads: 8, tokens: 1024, headDim: 64, patterns: [] },
    ...more,
  };
  const { stdout } = await run(process.execPath, [bundle, JSON.stringify(settings)], { maxBuffer: 2 ** 26 });
  return JSON.parse(stdout.trim().split('\n').at(-1));
}

const percent = share => `${(100 * share).toFixed(0)} %`;
const short = value => (value < 10 ? value.toFixed(2) : value < 100 ? value.toFixed(1) : value.toFixed(0));
const times = ratio => `${ratio.toFixed(ratio < 10 ? 2 : 1)}x`;

function goal(name, value, holds) {
  goals.push([name, value, holds ? 'yes' : 'NO']);
}

const only = new Set(options.only.split(','));
const load = loadavg()[0].toFixed(1);
say(
  `Node ${process.versions.node}, ${cpus()[0]?.model}, ${availableParallelism()} cores, load ${load}, tile ${options.tile} x ${options.tile}, float32.`,
);

if (only.has('tiles')) {
  const { peaks, kernels, runs } = await measure('tiles', {
    peaks: { simd128: await peakModule(false), 'relaxed-simd': await peakModule(true) },
    ...{ peakRounds: PEAK_ROUNDS, peakFlops: PEAK_FLOPS },
  });
  const fma = peaks.find(({ id }) => id === 'relaxed-simd')?.gflops;
  say(`\n### Full tiles, one thread, by processor time (median of ${runs}, interleaved)\n`);
  say(
    table(
      ['', 'GFLOP/s', 'of the peak of the same instructions', 'of the 128-bit FMA peak'],
      [
        ...peaks.map(({ id, gflops }) => [
          id === 'relaxed-simd' ? 'peak, fused multiply-add' : 'peak, multiply and add',
          ...[short(gflops), '', fma === undefined ? '' : percent(gflops / fma)],
        ]),
        ...kernels.map(({ id, headDim, gflops }) => [
          `attention, 1,024 tokens, head dimension ${headDim}, ${id}`,
          short(gflops),
          percent(gflops / peaks.find(peak => peak.id === id).gflops),
          fma === undefined ? '' : percent(gflops / fma),
        ]),
      ],
    ),
  );
  if (fma !== undefined)
    for (const { id, headDim, gflops } of kernels.filter(each => each.id === 'relaxed-simd'))
      goal(
        `full tiles, ${id}, head dimension ${headDim}: at least ${percent(GOAL.ofPeak)} of the 128-bit FMA peak`,
        percent(gflops / fma),
        gflops >= GOAL.ofPeak * fma,
      );
}

/** Rows of arms with ratios to the peers; `time` is what they are ratios of. */
function rows(timings, flops, time) {
  return Object.entries(timings).map(([name, timing]) => [
    name,
    ...[short(timing.ms), short(timing.cpuMs), short(flops / timing[time] / 1e6)],
    ...['onnxruntime-node', 'onnxruntime-web'].map(peer => {
      const other = timings[`${peer} + bias`] ?? timings[peer];
      return other === undefined ? '' : times(other[time] / timing[time]);
    }),
    timing.runs,
  ]);
}

const head = ['', 'ms', 'processor ms', 'dense GFLOP/s', 'faster than ort-node', 'than ort-web', 'runs'];

if (only.has('dense')) {
  const { timings, flops } = await measure('dense');
  say('\n### Full attention, 8 heads x 1,024 tokens x 64, one thread\n');
  say(table(head, rows(timings, flops, 'cpuMs')));
  const [[name, best]] = Object.entries(timings);
  const plain = timings['onnxruntime-web'].cpuMs / best.cpuMs;
  goal(
    `full attention, ${name}: at least ${GOAL.web}x onnxruntime-web without a bias`,
    times(plain),
    plain >= GOAL.web,
  );
}

async function sparse(threads) {
  const shape = { heads: 12, tokens: 4096, headDim: 64, patterns: PATTERNS, threads };
  const { facts, refused, timings, flops } = await measure('sparse', shape);
  const time = threads === 1 ? 'cpuMs' : 'ms';
  say(`\n### 12 heads x 4,096 tokens x 64, ${threads === 1 ? 'one thread' : `${threads} threads`}\n`);
  say(
    table(
      ['pattern', 'pairs', 'computed tiles', 'parts'],
      facts.map(({ pattern, density, tiles, parts }) => [pattern, percent(density), percent(tiles), parts]),
    ),
  );
  say();
  say(table(head, rows(timings, flops, time)));
  for (const { name, reason } of refused) say(`\n${name} does not run this: ${reason}`);
  if (threads > 1) return;
  const [[name]] = Object.entries(timings);
  const build = name.split(':')[0];
  const longformer = timings[`${build}: ${LONGFORMER}`];
  goal(
    `Longformer, ${build}: under ${GOAL.longformerMs} ms (another machine's FlexAttention)`,
    `${short(longformer.cpuMs)} ms`,
    longformer.cpuMs < GOAL.longformerMs,
  );
  for (const { pattern, density } of facts.filter(each => TENTH.includes(each.pattern))) {
    const ratio = timings['onnxruntime-node'].cpuMs / timings[`${build}: ${pattern}`].cpuMs;
    goal(
      `${pattern} (${percent(density)} of pairs), ${build}: at least ${GOAL.node}x onnxruntime-node dense`,
      times(ratio),
      ratio >= GOAL.node,
    );
  }
}

if (only.has('sparse')) await sparse(1);
const threads = Number(options.threads) || availableParallelism();
if (only.has('all') && threads > 1) await sparse(threads);
if (goals.length > 0) {
  say('\n### Goals\n');
  say(table(['goal', 'measured', 'holds'], goals));
}
if (options.out !== undefined) writeFileSync(options.out, `${lines.join('\n')}\n`);
