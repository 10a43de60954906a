// All tests of the project: npm test. Names of parts as arguments run these alone: node scripts/test.mjs unit web
//
// Runs in a bare clone: installs and builds what it needs. A part that fails does not stop the next one. The last line adds
// up the tests of all parts, and the exit code is 1 when any failed.
import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { stripVTControlCharacters } from 'node:util';
import { EnsureError, ensureBuilt, ensureInstalled } from './ensure.mjs';
import { ensureChromium } from './hosts/chromium.mjs';
import { projectRoot } from './project-root.mjs';

/** @typedef {{ passed: number, failed: number }} Count */

const results = path.join(projectRoot, 'test-results');
const patienceMs = 20 * 60_000;

/** The one line of this shape is the last one; a child that prints such a line gets it quoted. */
const totals = /^\s*(\w+: )?\d+ passed, \d+ failed/;

/**
 * Runs a program of node_modules, or a script, and shows what it prints.
 *
 * @returns {Promise<number>} exit code; 1 too when it could not be started or did not end in time
 */
function run(script, args) {
  return new Promise(resolve => {
    const env = { ...process.env, ...(process.stdout.isTTY ? { FORCE_COLOR: '1' } : { NO_COLOR: '1' }) };
    const child = spawn(process.execPath, [path.join(projectRoot, script), ...args], {
      cwd: projectRoot,
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const late = setTimeout(() => {
      console.log(`${script} did not end within ${patienceMs / 60_000} minutes, so it was stopped`);
      child.kill('SIGKILL');
    }, patienceMs);
    for (const stream of [child.stdout, child.stderr]) {
      createInterface({ input: stream }).on('line', line => {
        console.log(totals.test(stripVTControlCharacters(line)) ? `| ${line}` : line);
      });
    }
    child.once('error', error => {
      clearTimeout(late);
      console.log(`${script} could not be started: ${error.message}`);
      resolve(1);
    });
    child.once('close', code => {
      clearTimeout(late);
      resolve(code ?? 1);
    });
  });
}

/** One thing that holds or does not: it fails by returning false or by throwing. @returns {Promise<Count>} */
async function step(name, work) {
  const started = Date.now();
  console.log(`- ${name}`);
  let ok;
  try {
    ok = (await work()) !== false;
  } catch (error) {
    console.log(error instanceof EnsureError ? error.message : (error.stack ?? error));
    ok = false;
  }
  console.log(`  ${ok ? 'ok' : 'FAILED'} (${((Date.now() - started) / 1000).toFixed(1)} s)`);
  return ok ? { passed: 1, failed: 0 } : { passed: 0, failed: 1 };
}

async function check() {
  const succeeds =
    (script, ...args) =>
    async () =>
      (await run(script, args)) === 0;
  return sum([
    await step('types: tsc', succeeds('node_modules/typescript/bin/tsc', '--noEmit', '-p', 'tsconfig.json')),
    await step('style: biome', succeeds('node_modules/@biomejs/biome/bin/biome', 'check', '--error-on-warnings', '.')),
    await step(
      'import rules: dependency-cruiser',
      succeeds('node_modules/dependency-cruiser/bin/dependency-cruise.mjs', 'runtime', 'server', 'client'),
    ),
    await step('generated language is current', succeeds('scripts/generate-language.mjs', '--check')),
    await step('generated kernels are current', succeeds('scripts/generate-wasm.mjs', '--check')),
  ]);
}

/** Runs one Vitest project and counts from its own report. @returns {Promise<Count>} */
async function vitest(project, config = 'vitest.config.ts') {
  const report = path.join(results, `${project}.json`);
  rmSync(report, { force: true });
  const code = await run('node_modules/vitest/vitest.mjs', [
    'run',
    ...['--config', config, '--project', project],
    ...['--reporter=default', '--reporter=json', `--outputFile.json=${report}`],
  ]);
  let found;
  try {
    found = JSON.parse(readFileSync(report, 'utf8'));
  } catch {
    console.log(`${project}: Vitest ended with code ${code} and left no report`);
    return { passed: 0, failed: 1 };
  }
  let failed = found.numFailedTests;
  // A test that did not run has not passed: those of a file whose preparation failed are among them.
  const notRun = found.numTotalTests - found.numPassedTests - found.numFailedTests;
  if (notRun > 0) {
    console.log(`${project}: ${notRun} tests did not run, which counts as failed`);
    failed += notRun;
  }
  const brokenFiles = found.testResults.filter(
    file => file.status === 'failed' && file.assertionResults.every(each => each.status === 'passed'),
  );
  for (const file of brokenFiles)
    console.log(`${project}: ${path.relative(projectRoot, file.name)} failed outside its tests`);
  failed += brokenFiles.length;
  if (found.numTotalTests === 0 && failed === 0) {
    console.log(`${project}: no test was found`);
    failed = 1;
  }
  if (code !== 0 && failed === 0) {
    console.log(`${project}: Vitest ended with code ${code}, though no test failed; see above`);
    failed = 1;
  }
  return { passed: found.numPassedTests, failed };
}

/** @returns {Count} */
function sum(counts) {
  return counts.reduce((a, b) => ({ passed: a.passed + b.passed, failed: a.failed + b.failed }), {
    passed: 0,
    failed: 0,
  });
}

const hosts = 'test/extension/vitest.config.ts';
/** By name; `everything` says which of them `npm test` runs. */
const parts = {
  check: { title: 'Types, style, import rules and generated files', run: check },
  unit: { title: 'Runtime, server and client', run: () => vitest('unit'), needs: ['build', 'chromium'] },
  packaging: { title: 'The package', run: () => vitest('packaging'), needs: ['build'] },
  web: { title: 'In VS Code for the Web', run: () => vitest('web', hosts), needs: ['build', 'chromium'] },
  server: { title: 'In a VS Code server', run: () => vitest('server', hosts), needs: ['build', 'chromium'] },
  desktop: { title: 'In desktop VS Code', run: () => vitest('desktop', hosts), needs: ['build'] },
};
const everything = ['check', 'unit', 'packaging', 'web', 'server'];

/** What several parts need, made once. The browser serves the unit tests too: it brings the software GPU. */
const preparations = {
  build: { title: 'build', run: () => ensureBuilt({ production: true }) },
  chromium: { title: 'Chromium', run: () => ensureChromium() },
};

async function main(names) {
  const unknown = names.filter(name => !(name in parts));
  if (unknown.length > 0) {
    console.error(`There is no part called ${unknown.join(', ')}; there are ${Object.keys(parts).join(', ')}.`);
    return { passed: 0, failed: 1 };
  }
  const chosen = names.length > 0 ? names : everything;
  const counts = [];
  const lines = [];
  const add = (title, count, started) => {
    counts.push(count);
    lines.push(`  ${title}: ${count.passed} ok, ${count.failed} not (${((Date.now() - started) / 1000).toFixed(0)} s)`);
  };
  rmSync(results, { recursive: true, force: true });
  mkdirSync(results, { recursive: true });
  let started = Date.now();
  const installed = await step('dependencies', ensureInstalled);
  // Nothing can run without them.
  if (installed.failed > 0) return installed;
  for (const name of new Set(chosen.flatMap(each => parts[each].needs ?? []))) {
    started = Date.now();
    const { title, run: prepare } = preparations[name];
    // No test, so it adds nothing when all is well; the parts that need it go on and show what they lack.
    add(title, { passed: 0, failed: (await step(title, prepare)).failed }, started);
  }
  for (const name of chosen) {
    const { title, run: runPart } = parts[name];
    console.log(`\n=== ${title} (${name}) ===`);
    started = Date.now();
    let count;
    try {
      count = await runPart();
    } catch (error) {
      console.log(error.stack ?? error);
      count = { passed: 0, failed: 1 };
    }
    add(`${title} (${name})`, count, started);
  }
  console.log(`\n${lines.join('\n')}`);
  return sum(counts);
}

const { passed, failed } = await main(process.argv.slice(2));
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed > 0 ? 1 : 0;
