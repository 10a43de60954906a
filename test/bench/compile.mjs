// How fast masks are compiled and counted, and how much memory that takes.
//
//   npm run bench:compile -- [--lengths 4Ki,64Ki,1Mi,4Mi] [--only REGEXP] [--tile 128] [--runs 3] [--no-library]
//                            [--no-limits] [--pytorch python3] [--out FILE]
//
// `count` makes the tree, which knows exact pairs and tiles, `plan` lists the tiles, `numbers` are all of `sparse stats`.
// Every case runs in a process of its own, on one thread; times are medians of the runs. Exit code 1 when a limit is
// broken. --pytorch also runs create_block_mask, where PyTorch is installed.
import { execFile, execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs, promisify } from 'node:util';
import { projectRoot } from '../../scripts/project-root.mjs';
import { lengthName, tokensOf } from './lengths.mjs';

const { values: options } = parseArgs({
  options: {
    lengths: { type: 'string', default: '4Ki,64Ki,1Mi,4Mi' },
    only: { type: 'string', default: '' },
    tile: { type: 'string', default: '128' },
    runs: { type: 'string', default: '3' },
    'no-library': { type: 'boolean', default: false },
    'no-limits': { type: 'boolean', default: false },
    pytorch: { type: 'string' },
    /** A bundle of one-case.ts that was made elsewhere. */
    bundle: { type: 'string' },
    out: { type: 'string' },
  },
});

/** What has to hold at a million tokens: count and plan together within a second and 512 MiB. */
const LIMIT = { tokens: 2 ** 20, ms: 1000, MiB: 512 };
/** And what a length four times that may cost more. */
const MOST_GROWTH = 4.5;
/** Times below this are noise, whatever they are four times of. */
const NOISE_MS = 50;

/** The families that the limits are for. */
const FAMILIES = [
  ['sliding window', 'sliding(4096)'],
  ['Longformer', 'window(512) | global([0])'],
  ['BigBird', 'blocked(64, window(3) | global([0, -1]) | random(3))'],
  ['dilated window', 'window(512, dilation: 4)'],
  ['LogSparse', 'exponential() & causal()'],
  ['StreamingLLM', 'sliding(4096) | columns([0..4]) & causal()'],
  ['documents', 'documents(1000) & causal()'],
  ['block-local', 'block(512)'],
  ['Gemma 3', 'sparse:gemma#Gemma3_4B'],
  ['Phi-3-small', 'sparse:phi#Phi3Small8K'],
  ['strided', 'strided(128) & causal() | sliding(128)'],
  ['fixed', '(fixed(128, columns: 8) | block(128)) & causal()'],
  ['axial', tokens => `axial([1024, ${tokens / 1024}])`],
];

const run = promisify(execFile);
const scratch = mkdtempSync(path.join(tmpdir(), 'sparse-bench-'));
process.on('exit', () => rmSync(scratch, { recursive: true, force: true }));
const bundle = options.bundle ?? (await build());
const runs = Number(options.runs);
const only = new RegExp(options.only);
const lines = [];
const broken = [];

function say(line = '') {
  console.log(line);
  lines.push(line);
}

async function build() {
  const { build: esbuild } = await import('esbuild');
  const outfile = path.join(scratch, 'one-case.mjs');
  await esbuild({
    entryPoints: [path.join(projectRoot, 'test/bench/compile/one-case.ts')],
    outfile,
    bundle: true,
    minify: true,
    platform: 'node',
    format: 'esm',
    banner: {
      js: "import { createRequire as __require } from 'node:module';const require=__require(import.meta.url);",
    },
    logLevel: 'error',
  });
  return outfile;
}

const grouped = number => number.toLocaleString('en-US');

async function child(...args) {
  const { stdout } = await run(process.execPath, [bundle, ...args], { maxBuffer: 2 ** 26 });
  return JSON.parse(stdout);
}

/** The median run by its time. */
async function measure(what, tokens) {
  const results = [];
  for (let index = 0; index < runs; index++) {
    const result = await child(what, String(tokens), options.tile);
    if (result.countMs === undefined) return result;
    results.push(result);
    // Long ones are not noisy.
    if (result.countMs + result.planMs > 5000) break;
  }
  results.sort((a, b) => a.countMs + a.planMs - (b.countMs + b.planMs));
  return results[Math.floor((results.length - 1) / 2)];
}

function row(name, tokens, result) {
  if (result.problem !== undefined) return say(`| ${name} | ${lengthName(tokens)} | ${result.problem} |`);
  const { countMs, planMs, numbersMs, peakMiB, tiles, tilesAsTheyAre, uniqueMasks, parts, masks, pairs } = result;
  const listed =
    parts > masks ? `${grouped(tiles)} in ${parts} parts (${grouped(tilesAsTheyAre)} unsorted)` : grouped(tiles);
  const named = masks === 1 ? name : `${name} (${masks} masks)`;
  say(
    `| ${named} | ${lengthName(tokens)} | ${countMs.toFixed(0)} | ${planMs.toFixed(0)} | ${numbersMs.toFixed(0)} | ${peakMiB.toFixed(0)} | ${grouped(pairs)} | ${listed} | ${grouped(uniqueMasks)} |`,
  );
}

function header(title) {
  say();
  say(`### ${title}`);
  say();
  say('| pattern | n | count ms | plan ms | numbers ms | peak MiB | pairs | tiles | unique masks |');
  say('|---|---:|---:|---:|---:|---:|---:|---:|---:|');
}

const lengths = options.lengths.split(',').map(tokensOf);
say(
  `Node ${process.versions.node}, ${cpus()[0]?.model}, tile ${options.tile} x ${options.tile}, one thread, median of ${runs}.`,
);
const families = FAMILIES.filter(([name]) => only.test(name));
if (families.length > 0) header('Families');
for (const [name, what] of families) {
  const times = new Map();
  for (const tokens of lengths) {
    const result = await measure(typeof what === 'function' ? what(tokens) : what, tokens);
    row(name, tokens, result);
    if (result.countMs === undefined) {
      // Beyond the limit's length a quadratic list may be too long.
      if (tokens <= LIMIT.tokens) broken.push(`${name} at ${lengthName(tokens)}: ${result.problem}`);
      continue;
    }
    // Where a list of tiles is itself quadratic, counting has a second, and so has each plan.
    const ms = result.quadratic ? Math.max(result.countMs, result.slowestPlanMs) : result.countMs + result.planMs;
    times.set(tokens, ms);
    if (tokens !== LIMIT.tokens) continue;
    if (ms > LIMIT.ms) broken.push(`${name} at ${lengthName(tokens)}: ${ms.toFixed(0)} ms, at most ${LIMIT.ms}`);
    if (result.peakMiB > LIMIT.MiB)
      broken.push(`${name} at ${lengthName(tokens)}: ${result.peakMiB.toFixed(0)} MiB, at most ${LIMIT.MiB}`);
  }
  const short = times.get(LIMIT.tokens);
  const long = times.get(4 * LIMIT.tokens);
  if (short !== undefined && long !== undefined && long > NOISE_MS && long > MOST_GROWTH * short)
    broken.push(`${name}: 4 times the length takes ${(long / short).toFixed(1)} times as long, at most ${MOST_GROWTH}`);
}

const library = options['no-library'] ? [] : (await child('list')).filter(entry => only.test(entry));
/** Models have names with a capital; all their layers and heads are compiled, equal masks once. */
const isModel = entry => /#[A-Z]/.test(entry);
for (const [title, entries] of [
  ['Patterns of the standard library', library.filter(entry => !isModel(entry))],
  ['Models of the standard library, all layers and heads', library.filter(isModel)],
]) {
  if (entries.length > 0) header(title);
  for (const entry of entries)
    for (const tokens of lengths) {
      const result = await measure(entry, tokens);
      if (result.neededTokens === undefined) {
        row(entry, tokens, result);
        continue;
      }
      row(entry, result.neededTokens, await measure(entry, result.neededTokens));
      break;
    }
}

if (options.pytorch !== undefined) {
  say();
  say('### create_block_mask of PyTorch on the same machine');
  say();
  const script = path.join(projectRoot, 'test/bench/create_block_mask.py');
  for (const line of execFileSync(options.pytorch, [script], { encoding: 'utf8', maxBuffer: 2 ** 26 })
    .trim()
    .split('\n'))
    say(line);
}
if (options.out !== undefined) writeFileSync(options.out, `${lines.join('\n')}\n`);
if (broken.length > 0 && !options['no-limits']) {
  console.error(`\n${broken.length} limits are broken:\n${broken.join('\n')}`);
  process.exitCode = 1;
}
