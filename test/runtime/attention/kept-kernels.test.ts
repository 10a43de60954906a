import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { keptKernels } from '../../../runtime/attention/gpu/kept-kernels.node.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'sparse-kernels-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('the kernels that were fastest', () => {
  test('are known to the next program, together with what another one found meanwhile', () => {
    const file = path.join(folder, 'not', 'there', 'kernels.json');
    const one = keptKernels(file);
    const two = keptKernels(file);
    expect(one.get('card f16 d64')).toBeUndefined();
    one.set('card f16 d64', 'tensor');
    two.set('card f32 d64', 'f32 wide');
    const next = keptKernels(file);
    expect([next.get('card f16 d64'), next.get('card f32 d64'), next.get('toString')]).toEqual([
      'tensor',
      'f32 wide',
      undefined,
    ]);
    expect(readdirSync(path.dirname(file))).toEqual(['kernels.json']);
  });

  test.each(['', '{', 'null', '[1]', '{"card": 7}'])('a damaged file (%j) is as good as none', content => {
    const file = path.join(folder, 'kernels.json');
    writeFileSync(file, content);
    const kept = keptKernels(file);
    expect(kept.get('card')).toBeUndefined();
    kept.set('card', 'f32');
    expect(JSON.parse(readFileSync(file, 'utf8'))).toMatchObject({ card: 'f32' });
  });

  test('a place that cannot be written does not matter', () => {
    const file = path.join(folder, 'file');
    writeFileSync(file, '');
    const kept = keptKernels(path.join(file, 'kernels.json'));
    kept.set('card', 'f32');
    expect(kept.get('card')).toBe('f32');
  });
});
