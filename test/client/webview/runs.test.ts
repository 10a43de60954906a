import { describe, expect, it } from 'vitest';
import { headsToRun, type RunSummary } from '../../../client/webview/run/run-attention.ts';
import { timeLeft } from '../../../client/webview/run/runs.ts';
import { runsAsCsv, runsAsMarkdown } from '../../../client/webview/run/runs-table.ts';
import { createLanguage, NO_FILES } from '../../../server/language.ts';

const run: RunSummary = {
  name: 'mine',
  tokens: 4096,
  heads: 2,
  headDim: 64,
  backend: 'cpu',
  device: 'WASM SIMD, "2" threads',
  dtype: 'f32',
  sparseMs: 12.345,
  tflops: 0.0123456,
  fullMs: 246.9,
  predictedFullMs: 250,
  speedUp: 20,
  largestDifference: 1.3e-7,
  checkedRows: 16,
  rows: 8192,
  notes: [],
};
const untried: RunSummary = { ...run, name: 'a|b', fullMs: null, speedUp: null, predictedFullMs: 90_000 };

describe('runs as text', () => {
  it('are a Markdown table that says what was predicted', () => {
    const lines = runsAsMarkdown([run, untried]).split('\n');
    expect(lines[0]).toBe(
      '| pattern | backend | dtype | n | heads | head_dim | sparse ms | full ms | speed-up | TFLOP/s | error |',
    );
    expect(lines[2]).toBe('| mine | CPU | f32 | 4,096 | 2 | 64 | 12.3 ms | 247 ms | 20x | 0.0123 | 1.3e-7 |');
    expect(lines[3]).toContain('| a\\|b |');
    expect(lines[3]).toContain('| ≈ 90 s |  |');
  });

  it('are plain numbers as CSV, quoted where a cell needs it', () => {
    const lines = runsAsCsv([run, untried]).split('\r\n');
    expect(lines[1]).toBe('mine,CPU,f32,4096,2,64,12.345,246.9,20,0.0123456,1.3e-7,250,"WASM SIMD, ""2"" threads"');
    expect(lines[2]).toContain(',12.345,,,0.0123456,');
  });
});

describe('a run', () => {
  it('tells the time left once there is something to go by', () => {
    expect(timeLeft(500, 0.5)).toBeNull();
    expect(timeLeft(5000, 0.01)).toBeNull();
    expect(timeLeft(2000, 0.25)).toBe(6000);
    expect(timeLeft(2000, 1)).toBe(0);
  });

  it('takes the width that was picked, and refuses what does not fit with it', async () => {
    const model = await createLanguage(NO_FILES).lowerExpression('sliding(4)');
    const choice = { model, tokens: 2 ** 20, layer: 0, head: 0, hidden: [] };
    expect(headsToRun({ ...choice, tokens: 64 }, false, null).headDim).toBe(64);
    expect(headsToRun(choice, false, 16).headDim).toBe(16);
    expect(() => headsToRun(choice, false, 128)).toThrow('needs 2048 MiB');
  });
});
