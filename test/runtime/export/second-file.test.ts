import { describe, expect, it } from 'vitest';
import { formats } from '../../../runtime/export/formats.ts';
import { isSecondFile } from '../../../runtime/export/second-file.ts';
import { squareShape } from '../../../runtime/pattern/shape.ts';
import { fromInt64 } from '../../../runtime/tensor/convert.ts';
import { writeSafetensors } from '../../../runtime/tensor/safetensors.ts';
import { blocked, or, positions, primitive, write } from './cases.ts';

const pattern = or(primitive('window', { size: 8 }), positions('global', 0));
const request = { name: 'm', source: 'pattern m = ...', pattern, shape: squareShape(64) };
const blocks = { ...request, pattern: blocked(16, primitive('full')) };
const second = {
  hf: write('hf', request).files[1]!.bytes,
  splash: write('splash', request).files[1]!.bytes,
  deepspeed: write('deepspeed', blocks).files[1]!.bytes,
};

describe('the second file of an export', () => {
  it('is there only sometimes in formats that can be asked', () => {
    const sometimes = formats.filter(({ beside }) => beside !== undefined).map(({ id }) => id);
    // flex and wgsl always have one.
    expect(sometimes.filter(id => id !== 'flex' && id !== 'wgsl').sort()).toEqual(Object.keys(second).sort());
  });

  it.each(Object.entries(second))('of %s is recognised, and is none of another format', (id, bytes) => {
    for (const format of formats) expect(isSecondFile(format.id, bytes), format.id).toBe(format.id === id);
    expect(isSecondFile(id as 'hf', bytes.subarray(0, 40))).toBe(false);
  });

  it.each<[keyof typeof second, string, Uint8Array]>([
    ['hf', 'has no name', writeSafetensors({ global_attention_mask: fromInt64(new BigInt64Array(64), [1, 64]) })],
    ['hf', 'has another tensor', writeSafetensors({ weights: fromInt64(new BigInt64Array(64), [64]) }, { name: 'm' })],
    [
      'hf',
      'has one more tensor',
      writeSafetensors(
        {
          global_attention_mask: fromInt64(new BigInt64Array(64), [1, 64]),
          weights: fromInt64(new BigInt64Array(64), [64]),
        },
        { name: 'm' },
      ),
    ],
    ['splash', 'is a model', write('safetensors', request).files[0].bytes],
    [
      'deepspeed',
      'is a whole configuration',
      json({ train_batch_size: 8, sparse_attention: { mode: 'fixed', block: 16 } }),
    ],
    [
      'deepspeed',
      'is laid out by hand',
      new TextEncoder().encode('{"sparse_attention": {"mode": "dense", "block": 16}}'),
    ],
    ['deepspeed', 'is no JSON', new TextEncoder().encode('sparse_attention: dense')],
    ['deepspeed', 'is empty', new Uint8Array()],
    ['hf', 'is empty', new Uint8Array()],
    ['splash', 'claims a long header', new Uint8Array(64).fill(0xff)],
  ])('of %s is not one that %s', (id, _what, bytes) => expect(isSecondFile(id, bytes)).toBe(false));
});

function json(value: unknown): Uint8Array {
  return new TextEncoder().encode(`${JSON.stringify(value, null, 2)}\n`);
}
