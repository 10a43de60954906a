import fc from 'fast-check';
import { zipSync } from 'fflate';
import { describe, expect, test } from 'vitest';
import { bytesPerElement, type Tensor, type TensorDtype, TensorFileError } from '../../../runtime/tensor/dtype.ts';
import { readNpy, writeNpy } from '../../../runtime/tensor/npy.ts';
import { readNpz, writeNpz } from '../../../runtime/tensor/npz.ts';

const dtypes = (Object.keys(bytesPerElement) as TensorDtype[]).filter(dtype => dtype !== 'bf16');
const tensor: fc.Arbitrary<Tensor> = fc
  .record({ dtype: fc.constantFrom(...dtypes), shape: fc.array(fc.integer({ min: 0, max: 5 }), { maxLength: 3 }) })
  .chain(({ dtype, shape }) => {
    const length = shape.reduce((product, size) => product * size, 1) * bytesPerElement[dtype];
    return fc.uint8Array({ minLength: length, maxLength: length }).map(data => ({ dtype, shape, data }));
  });
const plain = ({ dtype, shape, data }: Tensor) => ({ dtype, shape, data: [...data] });

/** A .npy file with this header text. */
function raw(header: string, data: readonly number[] = [], major = 1): Uint8Array {
  const text = new TextEncoder().encode(header);
  const length = major === 1 ? [text.length & 255, text.length >> 8] : [text.length & 255, text.length >> 8, 0, 0];
  return Uint8Array.of(0x93, ...new TextEncoder().encode('NUMPY'), major, 0, ...length, ...text, ...data);
}

describe('.npy', () => {
  test('round trip of every type and shape', () => {
    fc.assert(
      fc.property(tensor, written => {
        const bytes = writeNpy(written);
        expect((bytes.length - written.data.length) % 64).toBe(0);
        expect(plain(readNpy(bytes))).toEqual(plain(written));
      }),
    );
  });

  test('the header is what numpy writes', () => {
    const bytes = writeNpy({ dtype: 'bool', shape: [2, 3], data: new Uint8Array(6) });
    const header = new TextDecoder('latin1').decode(bytes.subarray(6, 128));
    expect(header).toBe(`${`\x01\x00v\x00{'descr': '|b1', 'fortran_order': False, 'shape': (2, 3), }`.padEnd(121)}\n`);
  });

  test('big-endian and Fortran order are turned round', () => {
    const big = raw(`{'descr': '>i2', 'fortran_order': True, 'shape': (2, 3), }`, [0, 1, 0, 4, 0, 2, 0, 5, 0, 3, 0, 6]);
    expect(plain(readNpy(big))).toEqual({ dtype: 'i16', shape: [2, 3], data: [1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6, 0] });
    const version2 = raw(`{'descr': '|u1', 'fortran_order': False, 'shape': (), }`, [9], 2);
    expect(plain(readNpy(version2))).toEqual({ dtype: 'u8', shape: [], data: [9] });
  });

  test.each<[string, Uint8Array, RegExp]>([
    ['something else', new Uint8Array(100), /does not begin/],
    ['too short', Uint8Array.of(0x93, 0x4e), /does not begin/],
    ['another version', raw('{}', [], 9), /version 9/],
    ['a cut header', raw('x'.repeat(300)).subarray(0, 40), /header claims 300 bytes/],
    ['structured data', raw(`{'descr': [('a', '<i4')], 'fortran_order': False, 'shape': (1,), }`), /structured/],
    ['objects', raw(`{'descr': '|O', 'fortran_order': False, 'shape': (1,), }`), /"\|O"/],
    ['no shape', raw(`{'descr': '|b1', 'fortran_order': False}`), /incomplete/],
    ['too little data', raw(`{'descr': '<f8', 'fortran_order': False, 'shape': (2,), }`, [1]), /takes 16 bytes.*has 1/],
    ['too much data', raw(`{'descr': '|b1', 'fortran_order': False, 'shape': (1,), }`, [1, 1]), /takes 1 bytes.*has 2/],
    [
      'a huge shape',
      raw(`{'descr': '|b1', 'fortran_order': False, 'shape': (${'9'.repeat(30)}, 9), }`),
      /cannot contain/,
    ],
  ])('%s is refused', (_, bytes, message) => {
    expect(() => readNpy(bytes)).toThrow(TensorFileError);
    expect(() => readNpy(bytes)).toThrow(message);
  });

  test('damaged files give a clean error or a sound result', () => {
    const damage = fc.array(fc.tuple(fc.nat({ max: 127 }), fc.integer({ min: 0, max: 255 })), {
      minLength: 1,
      maxLength: 5,
    });
    fc.assert(
      fc.property(tensor, damage, (written, changes) => {
        const bytes = writeNpy(written);
        for (const [at, byte] of changes) bytes[at] = byte;
        try {
          const { dtype, shape, data } = readNpy(bytes);
          expect(data.length).toBe(shape.reduce((a, b) => a * b, 1) * bytesPerElement[dtype]);
        } catch (error) {
          expect(error).toBeInstanceOf(TensorFileError);
        }
      }),
      { numRuns: 500 },
    );
  });
});

describe('.npz', () => {
  test('round trip, the same bytes each time', () => {
    fc.assert(
      fc.property(fc.array(tensor, { maxLength: 4 }), tensors => {
        const arrays = Object.fromEntries(tensors.map((written, i) => [`array${i}`, written]));
        const bytes = writeNpz(arrays);
        expect(writeNpz(arrays)).toEqual(bytes);
        const read = readNpz(bytes);
        expect([...read].map(([name, value]) => [name, plain(value)])).toEqual(
          Object.entries(arrays).map(([name, value]) => [name, plain(value)]),
        );
      }),
    );
  });

  test('reads only what is wanted', () => {
    const one: Tensor = { dtype: 'u8', shape: [1], data: Uint8Array.of(1) };
    const bytes = zipSync({ 'a.npy': writeNpy(one), 'b.npy': new Uint8Array(3), 'notes.txt': new Uint8Array(3) });
    expect([...readNpz(bytes, ['a']).keys()]).toEqual(['a']);
    expect(() => readNpz(bytes)).toThrow(/not a .npy file/);
  });

  test('damaged files give a clean error or a sound result', () => {
    const arrays = { a: { dtype: 'i32', shape: [40], data: new Uint8Array(160).fill(3) } } as const;
    const damage = fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), { minLength: 1, maxLength: 5 });
    fc.assert(
      fc.property(damage, fc.nat(), (changes, cut) => {
        let bytes = writeNpz(arrays);
        for (const [at, byte] of changes) bytes[at % bytes.length] = byte;
        if (cut % 3 === 0) bytes = bytes.slice(0, cut % bytes.length);
        try {
          for (const { shape } of readNpz(bytes).values()) expect(shape.length).toBeLessThan(10);
        } catch (error) {
          expect(error).toBeInstanceOf(TensorFileError);
        }
      }),
      { numRuns: 400 },
    );
  });
});
