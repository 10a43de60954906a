// All tests of the project: npm test. Names of parts as arguments run these alone: node scripts/test.mjs unit web
//
// Runs in a bare clone: installs and builds what it needs. A part that fails does not stop the others. The last line adds
// up the tests of all parts, and the exit code is 1 when any failed.
//
// Two parts run side by side: an editor, which keeps about one core busy and waits a lot, and something that only computes.
// Each line says which part it is from.
import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism, setPriority } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { stripVTControlCharacters } from 'node:util';
import { EnsureError, ensureBuilt, ensureInstalled } from './ensure.mjs';
import { ensureChromium } from './hosts/chromium.mjs';
import { projectRoot } from './project-root.mjs';
import { failuresOf } from './test-failures.mjs';

/** @typedef {{ passed: number, failed: number, failures?: string[] }} Count `failures`: what is said of them at the end */
/** @typedef {(line: string) => void} Say shows a line of a part */

const results = path.join(projectRoot, 'test-results');
const patienceMs = 45 * 60_000;

/** The one line of this shape is the last one; a child that prints such a line gets it quoted. */
const totals = /^\s*(\w+: )?\d+ passed, \d+ failed/;

/** What only computes yields to the editor beside it: scenarios have time limits, a computation takes what it takes. */
const yielding = 5;

/**
 * Runs a program of node_modules, or a script, and shows what it prints.
 *
 * @param {Say} say
 * @param {{ yields?: boolean }} options
 * @returns {Promise<number>} exit code; 1 too when it could not be started or did not end in time
 */
function run(say, script, args, { yields = false } = {}) {
  return new Promise(resolve => {
    const env = { ...process.env, ...(process.stdout.isTTY ? { FORCE_COLOR: '1' } : { NO_COLOR: '1' }) };
    const child = spawn(process.execPath, [path.join(projectRoot, script), ...args], {
      cwd: projectRoot,
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    if (yields && child.pid !== undefined) setPriority(child.pid, yielding);
    const late = setTimeout(() => {
      say(`${script} did not end within ${patienceMs / 60_000} minutes, so it was stopped`);
      child.kill('SIGKILL');
    }, patienceMs);
    for (const stream of [child.stdout, child.stderr]) {
      createInterface({ input: stream }).on('line', line => {
        say(totals.test(stripVTControlCharacters(line)) ? `| ${line}` : line);
      });
    }
    child.once('error', error => {
      clearTimeout(late);
      say(`${script} could not be started: ${error.message}`);
      resolve(1);
    });
    child.once('close', code => {
      clearTimeout(late);
      resolve(code ?? 1);
    });
  });
}

/** One thing that holds or does not: it fails by returning false or by throwing. @returns {Promise<Count>} */
async function step(say, name, work) {
  const started = Date.now();
  say(`- ${name}`);
  let ok;
  try {
    ok = (await work()) !== false;
  } catch (error) {
    say(error instanceof EnsureError ? error.message : (error.stack ?? error));
    ok = false;
  }
  say(`  ${name}: ${ok ? 'ok' : 'FAILED'} (${((Date.now() - started) / 1000).toFixed(1)} s)`);
  return ok ? { passed: 1, failed: 0 } : { passed: 0, failed: 1, failures: [name] };
}

/** @param {Say} say */
async function check(say) {
  const succeeds =
    (script, ...args) =>
    async () =>
      (await run(say, script, args, { yields: true })) === 0;
  return sum([
    await step(say, 'types: tsc', succeeds('node_modules/typescript/bin/tsc', '--noEmit', '-p', 'tsconfig.json')),
    await step(
      say,
      'style: biome',
      succeeds('node_modules/@biomejs/biome/bin/biome', 'check', '--error-on-warnings', '.'),
    ),
    await step(
      say,
      'import rules: dependency-cruiser',
      succeeds('node_modules/dependency-cruiser/bin/dependency-cruise.mjs', 'runtime', 'server', 'client'),
    ),
    await step(say, 'generated language is current', succeeds('scripts/generate-language.mjs', '--check')),
    await step(say, 'generated kernels are current', succeeds('scripts/generate-wasm.mjs', '--check')),
  ]);
}

/**
 * Runs Vitest and counts from its own report.
 *
 * @param {Say} say
 * @param {string} part names the report
 * @param {{ projects?: string[], config?: string, yields?: boolean, workers?: number }} options
 * @returns {Promise<Count>}
 */
async function vitest(say, part, { projects = [part], config = 'vitest.config.ts', yields = false, workers } = {}) {
  const report = path.join(results, `${part}.json`);
  rmSync(report, { force: true });
  const args = [
    'run',
    ...['--config', config, ...projects.flatMap(project => ['--project', project])],
    ...['--reporter=default', '--reporter=json', `--outputFile.json=${report}`],
    ...(workers === undefined ? [] : [`--maxWorkers=${workers}`]),
  ];
  const code = await run(say, 'node_modules/vitest/vitest.mjs', args, { yields });
  let found;
  try {
    found = JSON.parse(readFileSync(report, 'utf8'));
  } catch {
    say(`Vitest ended with code ${code} and left no report`);
    return { passed: 0, failed: 1 };
  }
  const failures = failuresOf(found);
  for (const failure of failures) say(`not passed: ${failure}`);
  let failed = failures.length;
  if (found.numTotalTests === 0 && failed === 0) {
    say('no test was found');
    failed = 1;
  }
  if (code !== 0 && failed === 0) {
    say(`Vitest ended with code ${code}, though no test failed; see above`);
    failed = 1;
  }
  return { passed: found.numPassedTests, failed, failures };
}

/** @returns {Count} */
function sum(counts) {
  return {
    passed: counts.reduce((all, { passed }) => all + passed, 0),
    failed: counts.reduce((all, { failed }) => all + failed, 0),
    failures: counts.flatMap(({ failures = [] }) => failures),
  };
}

const cores = availableParallelism();
const hosts = { config: 'test/extension/vitest.config.ts' };

/**
 * By name; `everything` says which of them `npm test` runs. `computes`: waits for nothing, and so keeps busy what it gets;
 * `beside` is how many cores are left to it while an editor runs.
 *
 * @type {Record<string, { title: string, run: (say: Say, beside?: number) => Promise<Count>, computes?: boolean, needs?: string[] }>}
 */
const parts = {
  check: { title: 'Types, style, import rules and generated files', run: check, computes: true },
  unit: {
    title: 'Runtime, server and client',
    run: (say, workers) => vitest(say, 'unit', { projects: ['unit', 'isolated'], yields: true, workers }),
    computes: true,
    needs: ['build', 'chromium'],
  },
  packaging: {
    title: 'The package',
    run: (say, workers) => vitest(say, 'packaging', { yields: true, workers }),
    computes: true,
    needs: ['build'],
  },
  web: { title: 'In VS Code for the Web', run: say => vitest(say, 'web', hosts), needs: ['build', 'chromium'] },
  server: { title: 'In a VS Code server', run: say => vitest(say, 'server', hosts), needs: ['build', 'chromium'] },
  desktop: { title: 'In desktop VS Code', run: say => vitest(say, 'desktop', hosts), needs: ['build'] },
};
const everything = ['check', 'unit', 'packaging', 'web', 'server'];

/** What several parts need, made once. The browser serves the unit tests too: it brings the software GPU. */
const preparations = {
  build: { title: 'build', run: () => ensureBuilt({ production: true }) },
  chromium: { title: 'Chromium', run: () => ensureChromium() },
};

/** Runs one part to its end, whatever happens in it. @returns {Promise<{ line: string, count: Count }>} */
async function runPart(name, say, beside) {
  const { title, run: work } = parts[name];
  say(`=== ${title} ===`);
  const started = Date.now();
  let count;
  try {
    count = await work(say, beside);
  } catch (error) {
    say(error.stack ?? error);
    count = { passed: 0, failed: 1 };
  }
  const line = summary(`${title} (${name})`, count, started);
  say(line);
  return { line, count };
}

/** @param {Count} count */
function summary(title, count, started) {
  return `${title}: ${count.passed} ok, ${count.failed} not (${((Date.now() - started) / 1000).toFixed(0)} s)`;
}

/** Runs parts one after the other. */
async function lane(names, sayOf, beside) {
  const outcomes = [];
  for (const name of names) outcomes.push(await runPart(name, sayOf(name), beside));
  return outcomes;
}

async function main(names) {
  const unknown = names.filter(name => !(name in parts));
  if (unknown.length > 0) {
    console.error(`There is no part called ${unknown.join(', ')}; there are ${Object.keys(parts).join(', ')}.`);
    return { passed: 0, failed: 1 };
  }
  const chosen = names.length > 0 ? names : everything;
  rmSync(results, { recursive: true, force: true });
  mkdirSync(results, { recursive: true });
  const say = line => console.log(line);
  const installed = await step(say, 'dependencies', ensureInstalled);
  // Nothing can run without them.
  if (installed.failed > 0) return installed;
  const outcomes = [];
  for (const name of new Set(chosen.flatMap(each => parts[each].needs ?? []))) {
    const started = Date.now();
    const { title, run: prepare } = preparations[name];
    // No test, so it adds nothing when all is well; the parts that need it go on and show what they lack.
    const count = { passed: 0, failed: (await step(say, title, prepare)).failed };
    outcomes.push({ line: summary(title, count, started), count });
  }
  const computing = chosen.filter(name => parts[name].computes);
  const editing = chosen.filter(name => !parts[name].computes);
  const sideBySide = computing.length > 0 && editing.length > 0;
  const width = Math.max(...chosen.map(name => name.length));
  const sayOf = name => (sideBySide ? line => console.log(`${name.padEnd(width)} | ${line}`) : say);
  const lanes = await Promise.all([
    lane(computing, sayOf, sideBySide ? Math.max(1, cores - 1) : undefined),
    lane(editing, sayOf),
  ]);
  outcomes.push(...lanes.flat());
  // At the end, where they are found even if only the end of all this is kept.
  for (const { line, count } of outcomes) {
    for (const failure of count.failures ?? []) console.log(`\nFAILED in ${line}\n${failure}`);
  }
  console.log(`\n${outcomes.map(({ line }) => `  ${line}`).join('\n')}`);
  return sum(outcomes.map(({ count }) => count));
}

const { passed, failed } = await main(process.argv.slice(2));
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed > 0 ? 1 : 0;
