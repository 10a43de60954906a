import fc from 'fast-check';
import { expect, it } from 'vitest';
import { bytesOf, contentsOf, contentsOfText, piecesOf } from '../../../runtime/tensor/contents.ts';

const MEBIBYTE = 2 ** 20;

it('has the same bytes in pieces of a mebibyte, whatever they were made in', () => {
  const lengths = fc.array(fc.oneof(fc.nat(50), fc.nat(2 * MEBIBYTE)), { maxLength: 5 });
  fc.assert(
    fc.property(lengths, fc.boolean(), (made, isKnown) => {
      const total = made.reduce((sum, length) => sum + length, 0);
      const all = Uint8Array.from({ length: total }, (_, at) => at % 251);
      const contents = contentsOf(
        function* () {
          // One array that is overwritten.
          const own = new Uint8Array(2 * MEBIBYTE);
          let at = 0;
          for (const length of made) {
            own.set(all.subarray(at, at + length));
            yield own.subarray(0, length);
            own.fill(255);
            at += length;
          }
        },
        isKnown ? total : undefined,
      );
      expect(contents.size).toBe(isKnown ? total : undefined);
      const pieces = [...contents];
      expect(pieces.map(({ length }) => length)).toEqual(
        Array.from({ length: Math.ceil(total / MEBIBYTE) }, (_, at) => Math.min(MEBIBYTE, total - at * MEBIBYTE)),
      );
      // Each can be handed to another thread whole.
      expect(pieces.map(({ buffer }) => buffer.byteLength)).toEqual(pieces.map(({ length }) => length));
      expect(Buffer.concat(pieces).equals(all)).toBe(true);
      expect(Buffer.from(bytesOf(contents)).equals(all)).toBe(true);
    }),
    { numRuns: 15 },
  );
});

it('notices when more or less is made than was said', () => {
  const of = (made: number, said: number): Uint8Array => bytesOf(contentsOf(() => [new Uint8Array(made)], said));
  expect(() => of(5, 6)).toThrow('5 of 6 bytes were made');
  expect(() => of(MEBIBYTE, MEBIBYTE + 1)).toThrow(RangeError);
  expect(() => of(6, 5)).toThrow('more than 5 bytes were made');
  expect(() => of(1, 0)).toThrow('more than 0 bytes were made');
  expect(of(0, 0)).toEqual(new Uint8Array());
});

it('makes nothing before it is asked for', () => {
  let made = 0;
  const contents = contentsOf(function* () {
    for (;;) {
      made++;
      yield new Uint8Array(MEBIBYTE);
    }
  });
  const reader = contents[Symbol.iterator]();
  expect(made).toBe(0);
  reader.next();
  reader.next();
  expect(made).toBe(2);
});

it('holds text and bytes that are there', () => {
  expect(new TextDecoder().decode(bytesOf(contentsOfText('größer ✓')))).toBe('größer ✓');
  expect([...piecesOf(Uint8Array.of(1, 2))]).toEqual([Uint8Array.of(1, 2)]);
});
