import { crc32, inflateSync } from 'node:zlib';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { encodePng } from '../../../runtime/draw/png.ts';

/** Reads a PNG as strictly as a browser does. */
function decode(file: Uint8Array) {
  expect([...file.subarray(0, 8)]).toEqual([137, 80, 78, 71, 13, 10, 26, 10]);
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const chunks: { readonly type: string; readonly data: Uint8Array }[] = [];
  for (let at = 8; at < file.length; ) {
    const length = view.getUint32(at);
    const body = file.subarray(at + 4, at + 8 + length);
    expect(view.getUint32(at + 8 + length)).toBe(crc32(body));
    chunks.push({ type: String.fromCharCode(...body.subarray(0, 4)), data: body.subarray(4) });
    at += length + 12;
  }
  expect(chunks.map(({ type }) => type)).toEqual(['IHDR', 'IDAT', 'IEND']);
  const header = chunks[0]!.data;
  const headerView = new DataView(header.buffer, header.byteOffset, header.byteLength);
  const [width, height] = [headerView.getUint32(0), headerView.getUint32(4)];
  expect([...header.subarray(8)]).toEqual([8, 6, 0, 0, 0]);
  const rows = inflateSync(chunks[1]!.data);
  expect(rows.length).toBe(height * (4 * width + 1));
  const pixels: number[] = [];
  for (let y = 0; y < height; y++) {
    const row = rows.subarray(y * (4 * width + 1), (y + 1) * (4 * width + 1));
    expect(row[0]).toBe(0);
    pixels.push(...row.subarray(1));
  }
  return { width, height, pixels };
}

test('an image comes back as it was', () => {
  const image = fc.tuple(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 40 })).chain(([width, height]) =>
    fc.record({
      width: fc.constant(width),
      height: fc.constant(height),
      pixels: fc.uint8Array({ minLength: 4 * width * height, maxLength: 4 * width * height }),
    }),
  );
  fc.assert(
    fc.property(image, ({ width, height, pixels }) => {
      expect(decode(encodePng(pixels, width, height))).toEqual({ width, height, pixels: [...pixels] });
    }),
    { numRuns: 50 },
  );
});

test('what fills no image is refused', () => {
  expect(() => encodePng(new Uint8Array(15), 2, 2)).toThrow('take 16 bytes, got 15');
  expect(() => encodePng(new Uint8Array(0), 0, 1)).toThrow(RangeError);
});
