import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import * as esbuild from 'esbuild';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { CancellationToken } from 'vscode';
import type { StreamedExport } from '../../../client/export/streamed-export.ts';
import type { Job } from '../../../client/jobs/job.ts';
import { nodeThread } from '../../../client/jobs/node-thread.ts';
import { jobRunner } from '../../../client/jobs/run-job.ts';
import { formatOf } from '../../../runtime/export/formats.ts';
import type { Pattern } from '../../../runtime/pattern/ir.ts';
import { patternAt, shapeAt } from '../../../runtime/pattern/model.ts';
import { createLanguage, NO_FILES } from '../../../server/language.ts';
import { written } from '../../runtime/export/written.ts';

let folder = '';
let script = '';

beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'sparse-jobs-'));
  script = path.join(folder, 'job-worker.js');
  // As in the extension, whose folder holds modules otherwise.
  writeFileSync(path.join(folder, 'package.json'), '{ "type": "module" }');
  await esbuild.build({
    entryPoints: [path.join(import.meta.dirname, '../../../client/jobs/job-worker.ts')],
    bundle: true,
    platform: 'browser',
    format: 'iife',
    outfile: script,
  });
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A token, and what cancels it. */
function cancellation(): { token: CancellationToken; cancel: () => void } {
  const listeners = new Set<(event: unknown) => unknown>();
  const token = {
    isCancellationRequested: false,
    onCancellationRequested: (listener: (event: unknown) => unknown) => {
      listeners.add(listener);
      return { dispose: () => listeners.delete(listener) };
    },
  };
  const cancel = (): void => {
    token.isCancellationRequested = true;
    for (const listener of listeners) listener(undefined);
  };
  return { token, cancel };
}

async function exportOf(
  text: string,
  tokens: number,
  format: string,
): Promise<Extract<Job, { readonly kind: 'export' }>> {
  const model = await createLanguage(NO_FILES).lowerExpression(text);
  const shape = shapeAt(model, 0, 0, tokens);
  const pattern = patternAt(model, 0, 0) as Pattern;
  return { kind: 'export', format, subject: { name: 'p', source: text, pattern, shape } };
}

const { runJob, runExport } = jobRunner(() => nodeThread(script));

/** Reads the files as they come. */
async function read({ files, addedPairs }: StreamedExport) {
  const found: { extension: string; bytes: Uint8Array }[] = [];
  for (const { extension, contents } of files) {
    const pieces: Uint8Array[] = [];
    for await (const piece of contents) pieces.push(piece);
    found.push({ extension, bytes: new Uint8Array(Buffer.concat(pieces)) });
  }
  return { files: found, addedPairs };
}

test.each(['npy', 'csr', 'safetensors', 'flex', 'json'])(
  'a thread exports what the format writes: %s',
  async format => {
    const job = await exportOf('window(8) | global([0, -1])', 300, format);
    expect(await runExport(job, cancellation().token, read)).toEqual(written(formatOf(format)!.write(job.subject)));
  },
);

test('files are read in any order, one after the other', async () => {
  const job = await exportOf('window(8)', 300, 'flex');
  const found = await runExport(job, cancellation().token, async ({ files, addedPairs }) => ({
    files: [
      ...(await read({ files: files.slice(1), addedPairs })).files,
      ...(await read({ files: files.slice(0, 1), addedPairs })).files,
    ],
  }));
  expect(found?.files.reverse()).toEqual(written(formatOf('flex')!.write(job.subject)).files);
});

test('an export that is cancelled while it is read breaks off where it is read', async () => {
  const { token, cancel } = cancellation();
  // 64 MiB.
  const job = await exportOf('causal()', 8192, 'npy');
  let pieces = 0;
  let isBrokenOff = false;
  const found = await runExport(job, token, async ({ files }) => {
    try {
      for await (const _ of files[0]!.contents) if (++pieces === 3) cancel();
    } catch (error) {
      isBrokenOff = true;
      throw error;
    }
  });
  expect(found).toBeUndefined();
  expect(isBrokenOff).toBe(true);
  expect(pieces).toBeLessThan(6);
});

test('a thread compares', async () => {
  const language = createLanguage(NO_FILES);
  const [first, second] = [await language.lowerExpression('window(8)'), await language.lowerExpression('window(10)')];
  const found = await runJob({ kind: 'compare', first, second, choice: { tokens: 100 } }, cancellation().token);
  expect(found?.masks[0]).toMatchObject({ relation: 'contained', onlyFirst: 0, onlySecond: 190 });
});

test('what goes wrong is said', async () => {
  const job = await exportOf('causal()', 100, 'none');
  await expect(runExport(job, cancellation().token, read)).rejects.toThrow('there is no format none');
});

test('a job that takes long is stopped at once, and nothing is heard of it', async () => {
  const { token, cancel } = cancellation();
  // Minutes, if it were left alone.
  const job = await exportOf('where (i, j) => (i * j) % 7919 == 3', 2 ** 17, 'safetensors');
  const start = performance.now();
  setTimeout(cancel, 300);
  expect(await runExport(job, token, read)).toBeUndefined();
  expect(performance.now() - start).toBeLessThan(10_000);
  expect(await runExport(job, token, read)).toBeUndefined();
});
