import { describe, expect, it, test } from 'vitest';
import type { Ran, RunFound, RunRequest } from '../../../client/run/run-request.ts';
import { chooseSample } from '../../../client/webview/content/choose-sample.ts';
import { modelShown } from '../../../client/webview/mask-choice.ts';
import { DEFAULT_SETTINGS, headsOfRun, requestOf } from '../../../client/webview/run/run-settings.ts';
import { type RunSummary, tooLargeText } from '../../../client/webview/run/run-summary.ts';
import { NO_RUNS, type RunServices, Runs } from '../../../client/webview/run/runs.ts';
import { runsAsCsv, runsAsMarkdown } from '../../../client/webview/run/runs-table.ts';
import { latestSweep, nextOfSweep, sweepChart } from '../../../client/webview/run/sweep.ts';
import type { Model } from '../../../runtime/pattern/ir.ts';
import { createLanguage, NO_FILES } from '../../../server/language.ts';

const language = createLanguage(NO_FILES);
const pattern = { ...(await language.lowerExpression('sliding(4)')), name: 'mine' };
const choice = { model: pattern, tokens: 4096, layer: 0, head: 0, hidden: [] };

const run: RunSummary = {
  name: 'mine',
  tokens: 4096,
  heads: 2,
  kvHeads: 1,
  headDim: 64,
  backend: 'cpu',
  inHost: false,
  device: 'WASM SIMD, "2" threads',
  dtype: 'f32',
  data: 'local',
  pairs: 1000,
  selectMs: null,
  sparseMs: 12.345,
  tflops: 0.0123456,
  fullMs: 246.9,
  predictedFullMs: 250,
  speedUp: 20,
  largestDifference: 1.3e-7,
  checkedRows: 16,
  rows: 8192,
  notes: [],
  sweep: null,
};
const untried: RunSummary = { ...run, name: 'a|b', fullMs: null, speedUp: null, predictedFullMs: 90_000, inHost: true };

test('a run of what content chooses is given the pattern, and not what was chosen for the picture', async () => {
  const model = { ...(await language.lowerExpression('topk(3) | sliding(2)')), name: 'mine' };
  const place = { tokens: 32, layer: 0, head: 0 };
  const written = { model, ...place, hidden: ['sliding(2)'] };
  const content = await chooseSample(written);
  expect(modelShown({ ...written, content }).rules).not.toEqual(modelShown(written).rules);
  const request = requestOf({ ...written, content }, model, 32, { kind: 'local' }, DEFAULT_SETTINGS);
  expect(request.model.rules).toEqual(modelShown(written).rules);
});

describe('runs as text', () => {
  it('are a Markdown table that says what was predicted', () => {
    const lines = runsAsMarkdown([run, untried]).split('\n');
    expect(lines[0]).toBe(
      '| pattern | backend | dtype | n | heads | kv_heads | head_dim | data | select ms | sparse ms | full ms | speed-up | TFLOP/s | error |',
    );
    expect(lines[2]).toBe(
      '| mine | CPU | f32 | 4,096 | 2 | 1 | 64 | local |  | 12.3 ms | 247 ms | 20x | 0.0123 | 1.3e-7 |',
    );
    expect(lines[3]).toContain('| a\\|b | CPU (host) |');
    // What choosing keys by content took is no part of the sparse run.
    expect(runsAsMarkdown([{ ...run, selectMs: 45.6 }]).split('\n')[2]).toContain('| local | 45.6 ms | 12.3 ms |');
    expect(lines[3]).toContain('| ≈ 90 s |  |');
  });

  it('are plain numbers as CSV, quoted where a cell needs it', () => {
    const lines = runsAsCsv([run, untried]).split('\r\n');
    expect(lines[0]).toMatch(/,data,select ms,sparse ms,.*,error,predicted full ms,pairs,device$/);
    expect(lines[1]).toBe(
      'mine,CPU,f32,4096,2,1,64,local,,12.345,246.9,20,0.0123456,1.3e-7,250,1000,"WASM SIMD, ""2"" threads"',
    );
    expect(lines[2]).toContain(',12.345,,,0.0123456,');
  });
});

describe('what a run computes', () => {
  const grouped: Model = { ...pattern, name: 'M', kind: 'model', heads: 8, kvHeads: 2 };

  it('is the head that is shown, or as many as were asked for, with keys and values in the same groups', () => {
    const none = { heads: null, kvHeads: null };
    expect(headsOfRun(grouped, 5, none)).toEqual({ heads: [5], kvHeads: 1 });
    expect(headsOfRun(grouped, 5, { ...none, heads: 8 })).toEqual({ heads: [0, 1, 2, 3, 4, 5, 6, 7], kvHeads: 2 });
    expect(headsOfRun(grouped, 5, { ...none, heads: 3 })).toEqual({ heads: [0, 1, 2], kvHeads: 3 });
    expect(headsOfRun(grouped, 0, { heads: 4, kvHeads: 1 }).kvHeads).toBe(1);
    expect(headsOfRun(pattern, 0, { ...none, heads: 3 })).toEqual({ heads: [0, 0, 0], kvHeads: 3 });
    expect(() => headsOfRun(grouped, 0, { ...none, heads: 9 })).toThrow('M has 8 heads');
    expect(() => headsOfRun(grouped, 0, { heads: 4, kvHeads: 3 })).toThrow('3 key/value heads do not divide 4');
  });

  it('has the length, width and data that were chosen, without what is hidden', async () => {
    const both = { ...(await language.lowerExpression('sliding(4) | columns([0])')), name: 'both' };
    const hiding = { ...choice, model: both, hidden: ['columns([0])'] };
    const request = requestOf(hiding, both, 128, { kind: 'needle' }, { ...DEFAULT_SETTINGS, headDim: 16 });
    expect(request).toMatchObject({ tokens: 128, headDim: 16, kvHeads: 1, heads: [0], data: { kind: 'needle' } });
    expect(JSON.stringify(request.model.rules)).not.toContain('columns');
  });

  it('is predicted from a run like it when it does not fit', () => {
    const request = requestOf(choice, pattern, 4096, { kind: 'random' }, { ...DEFAULT_SETTINGS, runOn: 'cpu' });
    const large = { kind: 'tooLarge', bytes: 2 ** 31, limit: 2 ** 29, pairs: 1e9 } as const;
    const text = tooLargeText(large, request, 'cpu', [{ ...run, tflops: 0.01 }]);
    expect(text).toContain('need 2 GiB, more than the 512 MiB');
    // 4 * 64 * 1e9 operations at 1e10 a second.
    expect(text).toContain('At the speed of the run at n = 4,096 it would take about 25.6 s');
    // A run that is over at once says nothing, and the largest says most.
    const tiny = { ...run, tokens: 1, pairs: 1, sparseMs: 1.5, tflops: 1e-7 };
    const small = { ...run, tokens: 256, pairs: 100, tflops: 0.001 };
    expect(tooLargeText(large, request, 'cpu', [tiny, small, { ...run, tflops: 0.01 }])).toBe(text);
    expect(tooLargeText(large, request, 'cpu', [tiny])).toContain('It is 256 GFLOP of attention.');
    expect(tooLargeText(large, request, 'host', [run])).toContain('256 GFLOP');
  });
});

describe('a sweep', () => {
  it('doubles as long as the next run fits', () => {
    expect(nextOfSweep(1024, [100], 401)).toBe(2048);
    expect(nextOfSweep(1024, [100], 399)).toBeNull();
    expect(nextOfSweep(2048, [100, 220], 500)).toBe(4096);
    expect(nextOfSweep(2 ** 22, [1], 1e9)).toBeNull();
  });

  it('shows times and what they would be at the speed of the longest run', () => {
    const at = (tokens: number, sparseMs: number, fullMs: number | null, sweep: number | null = 7): RunSummary => ({
      ...run,
      tokens,
      sparseMs,
      fullMs,
      pairs: tokens * 4,
      sweep,
    });
    const rows = latestSweep([at(9, 9, 9, null), at(4096, 8, null), at(2048, 5, 16), at(1024, 4, 8), at(64, 1, 1, 3)]);
    expect(rows.map(({ tokens }) => tokens)).toEqual([1024, 2048, 4096]);
    const lines = sweepChart(rows)!.lines.map(({ points }) => points);
    expect(lines).toEqual([
      [
        [1024, 4],
        [2048, 5],
        [4096, 8],
      ],
      [
        [1024, 2],
        [2048, 4],
        [4096, 8],
      ],
      [
        [1024, 8],
        [2048, 16],
      ],
      [
        [1024, 4],
        [2048, 16],
        [4096, 64],
      ],
    ]);
    expect(sweepChart(rows.slice(0, 1))).toBeNull();
  });
});

describe('runs', () => {
  const ran = (tokens: number): Ran => ({
    kind: 'ran',
    tokens,
    heads: 1,
    kvHeads: 1,
    headDim: 64,
    backend: 'cpu',
    device: 'd',
    pairs: tokens,
    selectMs: null,
    sparseMs: 1,
    fullMs: 2,
    predictedFullMs: 2,
    speedUp: 2,
    largestDifference: 0,
    checkedRows: 1,
    rows: 1,
    notes: [],
    differences: { reference: [], full: null },
    lse: new Float32Array(1),
  });

  function services(compute: (request: RunRequest, signal: AbortSignal) => Promise<RunFound>): RunServices {
    return {
      file: () => 'file:///mine.sparse',
      request: async (shown, tokens, settings) =>
        requestOf(shown, shown.model, tokens ?? shown.tokens, { kind: 'random' }, settings),
      compute: async (request, _settings, { signal }) => ({ found: await compute(request, signal), id: 1 }),
      changed: () => {},
    };
  }

  it('keep what came out, newest first, and say when a page was gone before the end', async () => {
    const runs = new Runs(
      services(async ({ tokens }) => ran(tokens)),
      { ...NO_RUNS, runs: [run] },
    );
    await runs.start(choice);
    expect(runs.runs.map(({ backend, device }) => `${backend} ${device}`)).toEqual(['cpu d', `cpu ${run.device}`]);
    expect(runs.saved.underWay).toBeNull();
    let saved: string | null = null;
    const slow = new Runs(
      services(async ({ tokens }) => {
        saved = slow.saved.underWay;
        return ran(tokens);
      }),
      NO_RUNS,
    );
    await slow.start(choice);
    expect(
      new Runs(
        services(async () => ran(1)),
        { ...NO_RUNS, underWay: saved },
      ).notice,
    ).toBe('The run of mine at n = 4,096 was cut off when the preview was hidden or loaded again.');
  });

  it('end when they are cancelled, and a sweep with the rows that it has', async () => {
    const runs = new Runs(
      services(async ({ tokens }, signal) => {
        if (tokens < 4096) return ran(tokens);
        runs.cancel();
        signal.throwIfAborted();
        return ran(tokens);
      }),
      { ...NO_RUNS, sweepSeconds: 600 },
    );
    expect(await runs.sweep(choice)).toBeUndefined();
    expect(runs.notice).toBe('The run was cancelled.');
    expect(runs.runs.map(({ tokens }) => tokens)).toEqual([2048, 1024]);
    expect(new Set(runs.runs.map(({ sweep }) => sweep)).size).toBe(1);
    expect(runs.underWay).toBeNull();
  });

  it('tell what went wrong', async () => {
    const runs = new Runs(
      services(async () => {
        throw new Error('no memory');
      }),
      NO_RUNS,
    );
    expect(await runs.start(choice)).toBeUndefined();
    expect(runs.notice).toBe('The run failed: no memory');
  });
});
