import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DARK, LIGHT, partColour, type Rgb } from '../../../runtime/draw/palette.ts';
import { partsOf } from '../../../runtime/draw/parts.ts';
import { drawMask, type Picture } from '../../../runtime/draw/picture.ts';
import { encodeSvg } from '../../../runtime/draw/svg.ts';
import type { Pattern } from '../../../runtime/pattern/ir.ts';
import { squareShape } from '../../../runtime/pattern/shape.ts';
import { call, list, or } from '../analyse/flow-patterns.ts';
import { arbitraryPattern } from '../arbitrary-pattern.ts';
import { allows } from '../brute-force.ts';

/** What each place of a grid is filled with by the rectangles of a picture; each at most once. */
function filled({ rectangles }: Picture, width: number, height: number): (readonly Rgb[] | undefined)[] {
  const places = new Array<readonly Rgb[] | undefined>(width * height).fill(undefined);
  const { boxes, fills } = rectangles!;
  for (let at = 0; at < boxes.length; at += 5) {
    const [x, y, w, h, fill] = boxes.subarray(at, at + 5);
    for (let row = y!; row < y! + h!; row++)
      for (let column = x!; column < x! + w!; column++) {
        expect(places[row * width + column]).toBeUndefined();
        places[row * width + column] = fills[fill!]!;
      }
  }
  return places;
}

/** Colours of all parts that hold a pair of the mask, by definition. */
function expected(pattern: Pattern, n: number, i: number, j: number): readonly Rgb[] | undefined {
  const shape = squareShape(n);
  if (!allows(pattern, shape, i, j)) return undefined;
  return partsOf(pattern, shape).flatMap((part, index) =>
    allows(part.pattern, shape, i, j) ? [partColour(LIGHT, index)] : [],
  );
}

describe('rectangles of a picture', () => {
  it('are the cells with all colours of their parts, or the first, at any crop', () => {
    fc.assert(
      fc.property(
        arbitraryPattern,
        fc.integer({ min: 1, max: 45 }),
        fc.tuple(fc.nat(), fc.nat(), fc.nat(), fc.nat()),
        fc.boolean(),
        (pattern, n, [a, b, c, d], stripes) => {
          const between = (from: number, to: number): readonly [number, number] => {
            const start = from % n;
            return [start, start + 1 + (to % (n - start))];
          };
          const crop = { rows: between(a, b), keys: between(c, d) };
          const picture = drawMask(pattern, squareShape(n), {
            side: 90,
            palette: LIGHT,
            stripes,
            crop,
            rectangles: true,
          });
          const [width, height] = [crop.keys[1] - crop.keys[0], crop.rows[1] - crop.rows[0]];
          expect(picture.rectangles?.unit).toBe(Math.floor(90 / Math.max(width, height)));
          const places = filled(picture, width, height);
          for (let row = 0; row < height; row++)
            for (let key = 0; key < width; key++) {
              const colours = expected(pattern, n, crop.rows[0] + row, crop.keys[0] + key);
              expect(places[row * width + key]).toEqual(stripes ? colours : colours?.slice(0, 1));
            }
        },
      ),
      { numRuns: 80 },
    );
  });

  it('are merged: a full mask is one, a band one for each run of its rows', () => {
    const drawn = (pattern: Pattern, side: number) =>
      drawMask(pattern, squareShape(100), { side, palette: LIGHT, rectangles: true }).rectangles!;
    expect(drawn(call('full'), 100).boxes).toEqual(Uint32Array.of(0, 0, 100, 100, 0));
    expect(drawn(call('block', { size: 10 }), 100).boxes.length / 5).toBe(10);
    expect(drawn(call('sliding', { size: 3 }), 400).boxes.length / 5).toBe(100);
  });

  it('are the pixels where those are many cells, and none where they would be too many', () => {
    const pattern = or(call('sliding', { size: 300 }), list('columns', [0]));
    const picture = drawMask(pattern, squareShape(1000), { side: 64, palette: DARK, rectangles: true });
    const places = filled(picture, 64, 64);
    for (const [at, colours] of places.entries())
      expect([...picture.pixels.subarray(4 * at, 4 * at + 3)]).toEqual([...(colours?.[0] ?? DARK.background)]);
    const scattered = drawMask(call('random', { keys: 40 }), squareShape(2000), {
      side: 1024,
      palette: LIGHT,
      rectangles: true,
    });
    expect(scattered.rectangles).toBeUndefined();
    expect(new TextDecoder().decode(encodeSvg(scattered, 'scattered', LIGHT))).toContain('<image width="1024"');
  });
});

describe('an SVG file', () => {
  it('has a path for each filling, stripes for several parts, lines between large cells, and the legend', () => {
    const pattern = or(call('sliding', { size: 2 }), list('columns', [0]));
    const picture = drawMask(pattern, squareShape(4), { side: 64, palette: LIGHT, stripes: true, rectangles: true });
    const text = new TextDecoder().decode(encodeSvg(picture, 'a & b', LIGHT));
    expect(text).not.toContain('<image');
    expect(text).toContain('transform="scale(16)"');
    // (0, 0) and (1, 0) are lit by both.
    expect(text).toMatch(/fill="url\(#stripes\d\)" d="M0 0h1v2h-1z"/);
    expect(text).toContain('d="M1 1h1v1h-1zM1 2h2v1h-2zM2 3h2v1h-2z"');
    expect(text).toContain('stroke="rgb(222,222,222)" d="M16.5 0v64M32.5 0v64M48.5 0v64M0 16.5h64');
    expect(text).toContain('>a &amp; b</text>');
    expect(text).toContain('>columns([0])</text>');
    expect(new TextDecoder().decode(encodeSvg(picture, 'a', LIGHT, false))).not.toContain('<text');
  });
});
