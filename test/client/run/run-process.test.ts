import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import * as esbuild from 'esbuild';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findDawn } from '../../../client/run/find-dawn.node.ts';
import { runProcess } from '../../../client/run/process-port.node.ts';
import { type AskOptions, RunClient } from '../../../client/run/run-client.ts';
import type { RunRequest } from '../../../client/run/run-request.ts';
import { createLanguage, NO_FILES } from '../../../server/language.ts';

const sources = path.join(import.meta.dirname, '../../../client/run');
const dawn = createRequire(import.meta.url).resolve('webgpu');
let folder = '';
const clients: RunClient[] = [];

beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'sparse-runs-'));
  // As in the extension, whose folder holds modules otherwise.
  writeFileSync(path.join(folder, 'package.json'), '{ "type": "module" }');
  const bundle = (entry: string, outfile: string, options: esbuild.BuildOptions): Promise<unknown> =>
    esbuild.build({
      entryPoints: [path.join(sources, entry)],
      bundle: true,
      outfile: path.join(folder, outfile),
      ...options,
    });
  await bundle('run-process.node.ts', 'run-process.cjs', {
    platform: 'node',
    format: 'cjs',
    target: 'node20',
    external: ['webgpu'],
  });
  await bundle('compute-worker.ts', 'compute-worker.js', { platform: 'browser', format: 'iife' });
}, 60_000);

afterAll(() => {
  for (const client of clients) client.dispose();
  rmSync(folder, { recursive: true, force: true });
});

function start(module: string): RunClient {
  const scripts = { main: path.join(folder, 'run-process.cjs'), worker: path.join(folder, 'compute-worker.js') };
  const client = new RunClient(events => runProcess({ ...scripts, dawn: module }, events));
  clients.push(client);
  return client;
}

function written(name: string, text: string): string {
  const file = path.join(folder, name);
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, text);
  return file;
}

async function request(more: Partial<RunRequest> = {}): Promise<RunRequest> {
  return {
    model: await createLanguage(NO_FILES).lowerExpression('sliding(16)'),
    layer: 0,
    tokens: 256,
    heads: [0],
    kvHeads: 1,
    headDim: 16,
    data: { kind: 'local' },
    backend: 'gpu',
    dtype: 'f32',
    longestFullMs: 60_000,
    ...more,
  };
}

describe('a process that runs attention', () => {
  it('has a GPU by Dawn, stays for another run, and stops when it is cancelled', async () => {
    const client = start(dawn);
    const run = async (asked: RunRequest, options: AskOptions = {}) =>
      client.ask({ kind: 'run', request: asked, memoryLimit: 2 ** 30 }, options);
    const first = await run(await request());
    expect(first).toMatchObject({ kind: 'ran', backend: 'gpu', tokens: 256, notes: [] });
    if (first.kind !== 'ran') throw new Error('It did not run');
    expect(first.largestDifference).toBeLessThan(1e-5);
    expect(first.lse).toBeInstanceOf(Float32Array);
    const abort = new AbortController();
    const model = await createLanguage(NO_FILES).lowerExpression('causal()');
    const long = run(await request({ model, tokens: 2 ** 13 }), {
      signal: abort.signal,
      onStep: ({ stage }) => {
        if (stage === 'sparse') abort.abort();
      },
    });
    await expect(long).rejects.toMatchObject({ name: 'AbortError' });
    expect(await run(await request({ backend: 'cpu' }))).toMatchObject({ kind: 'ran', backend: 'cpu' });
  }, 60_000);

  it('says why there is no GPU, and runs on the processor', async () => {
    const client = start(written('broken.mjs', 'throw new Error("GLIBCXX is too old")'));
    const found = await client.ask({ kind: 'run', request: await request(), memoryLimit: 2 ** 30 });
    expect(found).toMatchObject({ kind: 'ran', backend: 'cpu' });
    expect(found.kind === 'ran' && found.notes.join(' ')).toContain('GLIBCXX is too old');
  }, 60_000);

  it('takes nobody with it when it crashes, and is started again', async () => {
    const client = start(written('crash.mjs', 'console.error("out of registers"); process.abort()'));
    const ask = async () => client.ask({ kind: 'run', request: await request(), memoryLimit: 2 ** 30 });
    await expect(ask()).rejects.toThrow(/The process that runs attention ended \(SIGABRT\)/);
    await expect(ask()).rejects.toThrow(/The process that runs attention ended \(SIGABRT\)/);
  }, 60_000);
});

describe('Dawn', () => {
  it('is found where the settings name it, or in a folder that may bring it', () => {
    const root = path.join(import.meta.dirname, '../../..');
    expect(findDawn('', [root])).toEqual({ file: dawn });
    expect(findDawn(root, [])).toEqual({ file: dawn });
    expect(findDawn(path.join(root, 'node_modules/webgpu'), [])).toEqual({ file: dawn });
    expect(findDawn(dawn, [])).toEqual({ file: dawn });
  });

  it('is told how to be installed where it is missing', () => {
    expect(findDawn('', [])).toMatchObject({ reason: expect.stringContaining('npm install') as string });
    expect(findDawn('', [tmpdir()])).toMatchObject({
      reason: expect.stringContaining('sparse.run.dawnModule') as string,
    });
    expect(findDawn('/nowhere', [])).toMatchObject({ reason: expect.stringContaining('at /nowhere') as string });
    expect(findDawn('webgpu', [])).toMatchObject({ reason: expect.stringContaining('at webgpu') as string });
  });
});
