import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fromFloat32, fromUint32, toFloat32 } from '../../../runtime/tensor/convert.ts';
import { bytesPerElement, type Tensor, type TensorDtype, TensorFileError } from '../../../runtime/tensor/dtype.ts';
import { readSafetensors, writeSafetensors } from '../../../runtime/tensor/safetensors.ts';

const dtypes = Object.keys(bytesPerElement) as TensorDtype[];

const tensor: fc.Arbitrary<Tensor> = fc
  .record({
    dtype: fc.constantFrom(...dtypes),
    shape: fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 3 }),
  })
  .chain(({ dtype, shape }) => {
    const length = shape.reduce((product, size) => product * size, 1) * bytesPerElement[dtype];
    return fc.uint8Array({ minLength: length, maxLength: length }).map(data => ({ dtype, shape, data }));
  });

const name = fc.oneof(fc.string({ maxLength: 6 }), fc.constantFrom('__proto__', 'constructor', '0', 'ü"\\'));
const file = fc.record({
  tensors: fc.dictionary(
    name.filter(text => text !== '__metadata__'),
    tensor,
    { maxKeys: 4 },
  ),
  metadata: fc.dictionary(name, fc.string(), { maxKeys: 3 }),
});

/** A file with this header and so many bytes of data. */
function raw(header: string, data = 0, claimed?: number | bigint): Uint8Array {
  const json = new TextEncoder().encode(header);
  const bytes = new Uint8Array(8 + json.length + data);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(claimed ?? json.length), true);
  bytes.set(json, 8);
  return bytes;
}

describe('round trip', () => {
  test('tensors of every type and metadata come back', () => {
    fc.assert(
      fc.property(file, ({ tensors, metadata }) => {
        const bytes = writeSafetensors(tensors, metadata);
        expect(new DataView(bytes.buffer).getBigUint64(0, true) % 8n).toBe(0n);
        const read = readSafetensors(bytes);
        expect(Object.fromEntries(Object.entries(read.metadata))).toEqual({ ...metadata });
        expect([...read.tensors.keys()].sort()).toEqual(Object.keys(tensors).sort());
        for (const [key, { dtype, shape, data }] of read.tensors) {
          const written = Object.entries(tensors).find(([other]) => other === key)![1];
          expect({ dtype, shape, data: [...data] }).toEqual({ ...written, data: [...written.data] });
        }
      }),
    );
  });

  test('the order of the arguments does not matter', () => {
    const a = fromFloat32(Float32Array.of(1, 2), [2]);
    const b = fromUint32(Uint32Array.of(7), [1, 1]);
    expect(writeSafetensors({ a, b }, { x: '1', y: '2' })).toEqual(writeSafetensors({ b, a }, { y: '2', x: '1' }));
  });

  test('a file of any offset in its buffer can be read', () => {
    const bytes = writeSafetensors({ a: fromFloat32(Float32Array.of(1.5, -2), [2]) });
    const shifted = new Uint8Array(bytes.length + 3);
    shifted.set(bytes, 3);
    expect([...toFloat32(readSafetensors(shifted.subarray(3)).tensors.get('a')!)]).toEqual([1.5, -2]);
  });

  test('f16 and bf16 are widened', () => {
    const half = fromFloat32(Float32Array.of(0.5, -3, 65504), [3], 'f16');
    expect([...toFloat32(half)]).toEqual([0.5, -3, 65504]);
    const bfloat: Tensor = { dtype: 'bf16', shape: [1], data: Uint8Array.of(0x80, 0x3f) };
    expect([...toFloat32(bfloat)]).toEqual([1]);
  });
});

describe('files that lie', () => {
  const entry = (fields: object) =>
    JSON.stringify({ a: { dtype: 'F32', shape: [2], data_offsets: [0, 8], ...fields } });
  test.each<[string, Uint8Array, RegExp]>([
    ['empty', new Uint8Array(0), /only 0 bytes/],
    ['shorter than its length field', new Uint8Array(7), /only 7 bytes/],
    ['a huge header', raw('{}', 0, 2n ** 63n), /header claims 9223372036854775808 bytes; 100000000 are allowed/],
    ['a header beyond the file', raw('{}', 0, 50), /header claims 50 bytes, but the file has only 2/],
    ['no JSON', raw('{"a":'), /not JSON/],
    ['no UTF-8', Uint8Array.of(2, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xfe), /not JSON/],
    ['an array', raw('[]'), /not a JSON object/],
    ['null', raw('null'), /not a JSON object/],
    ['a tensor that is a number', raw('{"a":3}'), /entry "a" is not an object/],
    ['an unknown type', raw(entry({ dtype: 'F8_E4M3' }), 8), /unknown type "F8_E4M3"/],
    ['a type from the prototype', raw(entry({ dtype: 'toString' }), 8), /unknown type/],
    ['a negative size', raw(entry({ shape: [-2] }), 8), /no proper shape/],
    ['a fractional size', raw(entry({ shape: [0.5] }), 8), /no proper shape/],
    ['sizes that overflow', raw(entry({ shape: [2 ** 40, 2 ** 40] }), 8), /too large/],
    ['a shape that needs more', raw(entry({ shape: [3] }), 8), /takes 12 bytes, but has 8/],
    ['offsets beyond the end', raw(entry({}), 4), /claims bytes 0 to 8 of 4/],
    ['offsets backwards', raw(entry({ data_offsets: [8, 0] }), 8), /claims bytes 8 to 0/],
    ['one offset', raw(entry({ data_offsets: [8] }), 8), /no proper data_offsets/],
    ['data that nobody owns', raw(entry({}), 12), /4 bytes at its end/],
    ['a gap', raw(entry({ data_offsets: [4, 12] }), 12), /bytes 0 to 4 belong/],
    [
      'an overlap',
      raw(
        '{"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},"b":{"dtype":"U8","shape":[4],"data_offsets":[2,6]}}',
        6,
      ),
      /overlaps/,
    ],
    ['metadata that is no object', raw('{"__metadata__":[]}'), /__metadata__ is not an object/],
    ['metadata that is no text', raw('{"__metadata__":{"a":1}}'), /metadata "a" is not a string/],
  ])('%s', (_, bytes, message) => {
    expect(() => readSafetensors(bytes)).toThrow(TensorFileError);
    expect(() => readSafetensors(bytes)).toThrow(message);
  });

  test('damaged files give a clean error or a sound result, never a crash', () => {
    const damage = fc.array(fc.record({ at: fc.nat(), byte: fc.integer({ min: 0, max: 255 }) }), {
      minLength: 1,
      maxLength: 6,
    });
    fc.assert(
      fc.property(file, damage, fc.nat(), ({ tensors, metadata }, changes, cut) => {
        let bytes = writeSafetensors(tensors, metadata);
        // Most of the damage goes into the header.
        for (const { at, byte } of changes) bytes[at % Math.min(bytes.length, 200)] = byte;
        if (cut % 3 === 0) bytes = bytes.slice(0, cut % bytes.length);
        try {
          for (const { dtype, shape, data } of readSafetensors(bytes).tensors.values()) {
            expect(data.byteLength).toBe(shape.reduce((a, b) => a * b, 1) * bytesPerElement[dtype]);
          }
        } catch (error) {
          expect(error).toBeInstanceOf(TensorFileError);
        }
      }),
      { numRuns: 500 },
    );
  });

  test('a tensor whose data does not fit is not written', () => {
    const bad: Tensor = { dtype: 'f32', shape: [3], data: new Uint8Array(4) };
    expect(() => writeSafetensors({ bad })).toThrow(RangeError);
  });
});
