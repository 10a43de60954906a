// How fast attention runs on the graphics device, against the device's own peak, and against other libraries.
//
//   npm run bench:gpu -- [--lengths 4Ki,16Ki,64Ki] [--only REGEXP] [--types f16,f32] [--no-million] [--runs 20] [--small]
//                        [--json FILE] [--bundle FILE] [--peers FILE] [--out FILE]
//   npm run bench:gpu -- --quality [--small] [--bundle FILE]: what measuring the loss of a pattern takes, and a pass of the
//                        language model, on the device and on the processor
//   npm run bench:gpu -- --choice [--lengths 8Ki,64Ki] [--only REGEXP] [--heads 12] [--kind clusters] [--on gpu,cpu]
//                        [--keys-from 0] [--json FILE] [--bundle FILE] [--out FILE]
//
// With --choice: how long it takes to choose keys by content on the graphics device and on the processor. The device is
// left out where rows have too few keys for it to be quicker; --keys-from 0 sends it everything.
// Times are medians of the device's own timestamps over runs that follow each other, after the device has warmed up.
// `needed` counts allowed pairs, `tiles` all pairs of the tiles that are computed: 4 * head_dim operations each.
// --peers joins what test/bench/peers.py wrote on the same machine. --small is for devices that software imitates.
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { projectRoot } from '../../scripts/project-root.mjs';
import { lengthName, tokensOf } from './lengths.mjs';

const { values: options } = parseArgs({
  options: {
    lengths: { type: 'string' },
    choice: { type: 'boolean', default: false },
    heads: { type: 'string', default: '12' },
    kind: { type: 'string', default: 'clusters' },
    on: { type: 'string', default: 'gpu,cpu' },
    'keys-from': { type: 'string' },
    only: { type: 'string', default: '' },
    types: { type: 'string', default: 'f16,f32' },
    'no-million': { type: 'boolean', default: false },
    runs: { type: 'string', default: '20' },
    small: { type: 'boolean', default: false },
    json: { type: 'string' },
    /** A bundle of gpu/measure.ts, or gpu/choice.ts, that was made elsewhere, or where to leave one (--bundle-only). */
    bundle: { type: 'string' },
    'bundle-only': { type: 'string' },
    peers: { type: 'string' },
    out: { type: 'string' },
    quality: { type: 'boolean', default: false },
  },
});

/** [name, expression, head dimension, longest length] */
const PATTERNS = [
  ['full', 'full()', 64, 2 ** 14],
  ['full, d = 128', 'full()', 128, 2 ** 14],
  ['Longformer', 'window(512) | global([0])', 64, 2 ** 20],
  ['sliding 4096', 'sliding(4096)', 64, 2 ** 20],
  ['BigBird', 'blocked(64, window(3) | global([0, -1]) | random(3))', 64, 2 ** 20],
  ['strided', 'strided(128) & causal() | sliding(128)', 64, 2 ** 16],
];
const MILLION = 2 ** 20;
/** [name, expression]: all choose among the keys that are not later. */
const CHOICES = [
  ['topk', 'topk(64, within: causal())'],
  ['threshold', 'threshold(0.9, within: causal())'],
  ['lsh', 'lsh(64, rounds: 2, within: causal())'],
  ['routing', 'routing(64, within: causal())'],
  ['routing, top', 'routing(64, top: 512, within: causal())'],
  ['block_topk', 'block_topk(64, 8, within: causal())'],
  ['block_topk, small', 'block_topk(16, 32, within: causal())'],
  ['vertical_slash', 'vertical_slash(1000, 200)'],
];

if (options['bundle-only'] !== undefined) {
  await bundleTo(options['bundle-only']);
  process.exit(0);
}
if (options.quality) process.exit(await benchQuality());
const lengths = (options.lengths ?? (options.choice ? '8Ki,64Ki' : '4Ki,16Ki,64Ki')).split(',').map(tokensOf);
const only = new RegExp(options.only);
const precisions = options.types.split(',');
const cases = PATTERNS.filter(([name]) => only.test(name)).map(([name, expression, headDim, longest]) => {
  const wanted =
    longest === MILLION && !options['no-million'] && !options.small ? [...new Set([...lengths, MILLION])] : lengths;
  return { name, expression, headDim, lengths: wanted.filter(tokens => tokens <= longest), precisions };
});
const settings = options.small
  ? { heads: 2, runs: 3, warmUpMs: 0, peakWorkgroups: 16, checkedRows: 64, cases }
  : { heads: 12, runs: Number(options.runs), warmUpMs: 200, peakWorkgroups: 16384, checkedRows: 64, cases };

const lines = [];
const say = (line = '') => {
  console.log(line);
  lines.push(line);
};

const rows = options.choice ? await measureChoices() : await measure(settings);
if (options.json !== undefined) writeFileSync(options.json, JSON.stringify(rows, null, 1));
if (options.peers !== undefined) join(rows, JSON.parse(readFileSync(options.peers, 'utf8')));
if (options.out !== undefined) writeFileSync(options.out, `${lines.join('\n')}\n`);

/** Which of the scripts beside this one measures. */
function kindOf({ quality, choice }) {
  if (quality) return 'quality';
  return choice ? 'choice' : 'measure';
}

async function bundleTo(outfile) {
  const { build } = await import('esbuild');
  await build({
    entryPoints: [path.join(projectRoot, `test/bench/gpu/${kindOf(options)}.ts`)],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    external: ['webgpu'],
    banner: {
      js: "import { createRequire as makeRequire } from 'node:module';const require=makeRequire(import.meta.url);",
    },
    logLevel: 'error',
  });
}

/** Makes the bundle, where there is none, inside the project: it finds the package that brings WebGPU there. */
async function bundled() {
  if (options.bundle !== undefined) return path.resolve(options.bundle);
  const scratch = mkdtempSync(path.join(projectRoot, 'node_modules/.bench-gpu-'));
  process.on('exit', () => rmSync(scratch, { recursive: true, force: true }));
  const bundle = path.join(scratch, 'measure.mjs');
  await bundleTo(bundle);
  return bundle;
}

/** Resolves to the exit code. */
async function benchQuality() {
  const settings = JSON.stringify({ small: options.small });
  const folder = path.join(projectRoot, 'examples/tiny-lm');
  const child = spawn(process.execPath, ['--max-old-space-size=8192', await bundled(), settings, folder], {
    stdio: 'inherit',
  });
  return new Promise(resolve => child.once('close', code => resolve(code ?? 1)));
}

/** Runs all cases of attention and prints each as soon as it is known. */
async function measure(what) {
  const found = [];
  let peaks = {};
  for await (const row of answers(what)) {
    if (row.peaks !== undefined) {
      peaks = row.peaks;
      head(row);
      continue;
    }
    found.push(row);
    show(row, peaks);
  }
  return found;
}

/** The same for choices. */
async function measureChoices() {
  const found = [];
  for await (const row of answers({
    ...{ heads: Number(options.heads), headDim: 64, lengths, kind: options.kind, on: options.on.split(',') },
    ...{ cases: CHOICES.filter(([name]) => only.test(name)), compared: 256 },
    ...(options['keys-from'] !== undefined && { keysFrom: Number(options['keys-from']) }),
  })) {
    if (row.device !== undefined) {
      say(`${row.device}, ${row.threads} threads of the processor; ${options.heads} heads of 64, ${options.kind}.`);
      say();
      say('| choice | n | on the device ms | of its rows the processor settled | on the processor ms | the same |');
      say('|---|---:|---:|---:|---:|---|');
      continue;
    }
    found.push(row);
    const ms = value => (value === undefined ? '' : value.toFixed(0));
    const share = row.asked > 0 ? `${((100 * row.left) / row.asked).toFixed(1)} %` : '';
    say(
      `| \`${row.expression}\` | ${lengthName(row.tokens)} | ${ms(row.gpuMs)} | ${share} | ${ms(row.cpuMs)} | ` +
        `${row.same === undefined ? '' : row.same ? 'yes' : 'NO'} |`,
    );
    for (const note of row.notes ?? []) say(note);
    if (row.same === false) process.exitCode = 1;
  }
  return found;
}

/** What a process of its own prints, line by line. */
async function* answers(what) {
  const bundle = await bundled();
  const child = spawn(process.execPath, ['--max-old-space-size=8192', bundle, JSON.stringify(what)], {
    cwd: path.dirname(bundle),
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = new Promise(resolve => child.once('close', resolve));
  for await (const line of createInterface({ input: child.stdout })) yield JSON.parse(line);
  const code = await ended;
  if (code !== 0) {
    console.error(`the measurement ended with code ${code}`);
    process.exitCode = 1;
  }
}

function head({ device, peaks, timestamps }) {
  const rate = (name, value) => (value === null ? `no ${name}` : `${name} ${value.toFixed(0)} TFLOP/s`);
  say(`${device}: ${rate('float32 multiply-adds', peaks.f32)}, ${rate('matrix units', peaks.tensor)}.`);
  if (!timestamps) say('The device has no timestamps: times are by the clock.');
  say();
  say('| pattern | n | type | kernel | ms | sorting ms | TFLOP/s needed | TFLOP/s tiles | of the peak | max error |');
  say('|---|---:|---|---|---:|---:|---:|---:|---:|---:|');
}

function show(row, peaks) {
  const { name, tokens, precision } = row;
  if (row.problem !== undefined) return say(`| ${name} | ${lengthName(tokens)} | ${precision} | ${row.problem} |`);
  const peak = row.pipeline === 'tensor' ? peaks.tensor : peaks.f32;
  const share = peak === null ? '' : `${((100 * row.tileTflops) / peak).toFixed(0)} %`;
  say(
    `| ${name} | ${lengthName(tokens)} | ${precision} | ${row.kernel} | ${row.attendMs.toFixed(3)} | ${row.packMs.toFixed(3)} | ` +
      `${row.neededTflops.toFixed(1)} | ${row.tileTflops.toFixed(1)} | ${share} | ${row.error.toExponential(1)} |`,
  );
}

/** Our times beside those of others for the same pattern, length and type. */
function join(ours, { device, rows: theirs }) {
  say();
  say(`Others on ${device}. Ratios are our time over theirs, ours with and without sorting.`);
  say();
  say('| pattern | n | type | other | its ms | ours ms | with sorting | ratio | with sorting |');
  say('|---|---:|---|---|---:|---:|---:|---:|---:|');
  for (const their of theirs) {
    const our = ours.find(
      ({ name, tokens, precision }) =>
        name === their.pattern && tokens === their.tokens && precision === their.precision,
    );
    if (their.ms === null || our?.attendMs === undefined) continue;
    const all = our.attendMs + our.packMs;
    say(
      `| ${their.pattern} | ${lengthName(their.tokens)} | ${their.precision} | ${their.library} | ${their.ms.toFixed(3)} | ` +
        `${our.attendMs.toFixed(3)} | ${all.toFixed(3)} | ${(our.attendMs / their.ms).toFixed(2)} | ${(all / their.ms).toFixed(2)} |`,
    );
  }
}
