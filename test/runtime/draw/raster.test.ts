import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { evenScale } from '../../../runtime/draw/even-scale.ts';
import { LayeredMask } from '../../../runtime/draw/layered-mask.ts';
import { LIGHT, ON_NOTHING, partColour, stripeAt } from '../../../runtime/draw/palette.ts';
import { partsOf } from '../../../runtime/draw/parts.ts';
import { rasterize, type View } from '../../../runtime/draw/raster.ts';
import { RasterMemory } from '../../../runtime/draw/raster-memory.ts';
import { bindPattern } from '../../../runtime/pattern/bind.ts';
import type { Argument, Pattern } from '../../../runtime/pattern/ir.ts';
import type { Mask } from '../../../runtime/pattern/mask.ts';
import { type Shape, squareShape } from '../../../runtime/pattern/shape.ts';
import { arbitraryPattern } from '../arbitrary-pattern.ts';
import { allows } from '../brute-force.ts';

function pixel(pixels: Uint8ClampedArray, view: View, x: number, y: number): number[] {
  return [...pixels.subarray(4 * (y * view.width + x), 4 * (y * view.width + x) + 4)];
}

/** Index of the first part that holds a pair of the mask, by definition; undefined for a pair outside the mask. */
function litBy(pattern: Pattern, shape: Shape, i: number, j: number): number | undefined {
  if (!allows(pattern, shape, i, j)) return undefined;
  const part = partsOf(pattern, shape).findIndex(candidate => allows(candidate.pattern, shape, i, j));
  if (part < 0) throw new Error(`no part lights (${i}, ${j})`);
  return part;
}

const literal = (value: number): Argument => ({ type: 'number', value: { op: 'number', value } });

const lengths = fc.oneof(fc.integer({ min: 1, max: 20 }), fc.integer({ min: 21, max: 70 }));

describe('rasterize', () => {
  it('colours every cell by the first part that lights it, at several pixels a cell', () => {
    fc.assert(
      fc.property(arbitraryPattern, lengths, fc.integer({ min: 1, max: 7 }), (pattern, n, zoom) => {
        const shape = squareShape(n);
        const view: View = { x: 0, y: 0, scale: 1 / zoom, width: n * zoom + 3, height: n * zoom + 3 };
        const { mask } = LayeredMask.of(pattern, shape);
        const { pixels } = rasterize(mask, shape, view, { palette: LIGHT });
        for (let i = 0; i < n; i++)
          for (let j = 0; j < n; j++) {
            const part = litBy(pattern, shape, i, j);
            const colour = part === undefined ? LIGHT.background : partColour(LIGHT, part);
            for (const [x, y] of [
              [j * zoom, i * zoom],
              [j * zoom + zoom - 1, i * zoom + zoom - 1],
            ] as const)
              expect(pixel(pixels, view, x, y), `(${i}, ${j})`).toEqual([...colour, 255]);
          }
        expect(pixel(pixels, view, view.width - 1, 0)[3]).toBe(0);
        expect(pixel(pixels, view, 0, view.height - 1)[3]).toBe(0);
      }),
      { numRuns: 150 },
    );
  }, 60_000);

  it('stripes cells that several parts light in all their colours', () => {
    fc.assert(
      fc.property(arbitraryPattern, lengths, fc.integer({ min: 1, max: 7 }), (pattern, n, zoom) => {
        const shape = squareShape(n);
        const view: View = { x: 0, y: 0, scale: 1 / zoom, width: n * zoom, height: n * zoom };
        const { mask, parts } = LayeredMask.of(pattern, shape);
        const { pixels } = rasterize(mask, shape, view, { palette: ON_NOTHING, stripes: true });
        for (let i = 0; i < n; i++)
          for (let j = 0; j < n; j++) {
            const lit = allows(pattern, shape, i, j)
              ? parts.flatMap((part, index) => (allows(part.pattern, shape, i, j) ? [index] : []))
              : [];
            for (const [x, y] of [
              [j * zoom, i * zoom],
              [j * zoom + zoom - 1, i * zoom + zoom - 1],
            ] as const) {
              const part = lit[stripeAt(x, y, lit.length)];
              const colour = part === undefined ? [0, 0, 0, 0] : [...partColour(ON_NOTHING, part), 255];
              expect(pixel(pixels, view, x, y), `(${i}, ${j})`).toEqual(colour);
            }
          }
      }),
      { numRuns: 100 },
    );
  }, 60_000);

  it('draws pictures that fit together, cell for cell and stripe for stripe', () => {
    const scales = fc.oneof(fc.double({ min: 0.02, max: 1, noNaN: true }), fc.double({ min: 1, max: 9, noNaN: true }));
    const offset = fc.integer({ min: -20, max: 120 });
    fc.assert(
      fc.property(arbitraryPattern, lengths, scales, offset, offset, (pattern, n, scale, x, y) => {
        const shape = squareShape(n);
        const { mask } = LayeredMask.of(pattern, shape);
        const whole: View = { x: -20, y: -20, scale, width: 180, height: 180 };
        const part: View = { x, y, scale, width: 40, height: 40 };
        const draw = (view: View) => rasterize(mask, shape, view, { palette: LIGHT, stripes: true }).pixels;
        const [all, cut] = [draw(whole), draw(part)];
        for (let row = 0; row < part.height; row++) {
          const from = 4 * ((y - whole.y + row) * whole.width + x - whole.x);
          const to = 4 * row * part.width;
          expect(cut.subarray(to, to + 4 * part.width), `row ${row}`).toEqual(
            all.subarray(from, from + 4 * part.width),
          );
        }
      }),
      { numRuns: 150 },
    );
  }, 60_000);

  it('draws what repeats once, and the same as if it looked at every pixel alone', () => {
    const scales = fc.double({ min: 1.01, max: 12, noNaN: true }).map(scale => evenScale(scale, { up: true }));
    let repeated = 0;
    fc.assert(
      fc.property(arbitraryPattern, fc.integer({ min: 40, max: 160 }), scales, (pattern, pixels, scale) => {
        const shape = squareShape(Math.ceil(pixels * scale));
        const { mask } = LayeredMask.of(pattern, shape);
        const memory = new RasterMemory();
        const options = { palette: LIGHT, stripes: true, memory };
        const tile = (x: number, y: number) =>
          rasterize(mask, shape, { x, y, scale, width: 64, height: 64 }, options).pixels;
        for (const [x, y] of [
          [0, 0],
          [64, 64],
          [0, 64],
        ] as const) {
          const all = tile(x, y);
          for (let at = 0; at < 64; at += 3) {
            const [column, row] = [(at * 13) % 64, (at * 29 + 7) % 64];
            const alone: View = { x: x + column, y: y + row, scale, width: 1, height: 1 };
            const expected = [...rasterize(mask, shape, alone, { palette: LIGHT, stripes: true }).pixels];
            const view = { x, y, scale, width: 64, height: 64 };
            expect(pixel(all, view, column, row), `pixel (${x + column}, ${y + row})`).toEqual(expected);
          }
          if (memory.blocks > 0) repeated++;
        }
      }),
      { numRuns: 25 },
    );
    expect(repeated).toBeGreaterThan(3);
  }, 60_000);

  it('mixes the colours of the cells that one pixel covers', () => {
    fc.assert(
      fc.property(arbitraryPattern, lengths, fc.double({ min: 1, max: 40, noNaN: true }), (pattern, n, scale) => {
        const shape = squareShape(n);
        const size = Math.ceil(n / scale);
        const view: View = { x: 0, y: 0, scale, width: size, height: size };
        const { mask } = LayeredMask.of(pattern, shape);
        const { pixels, approximate } = rasterize(mask, shape, view, { palette: LIGHT });
        expect(approximate).toBe(false);
        const visible = size;
        for (let y = 0; y < visible; y++)
          for (let x = 0; x < visible; x++) {
            const rows = [Math.floor(y * scale), Math.min(n, Math.floor((y + 1) * scale))] as const;
            const keys = [Math.floor(x * scale), Math.min(n, Math.floor((x + 1) * scale))] as const;
            const sum = [0, 0, 0];
            let lit = 0;
            for (let i = rows[0]; i < rows[1]; i++)
              for (let j = keys[0]; j < keys[1]; j++) {
                const part = litBy(pattern, shape, i, j);
                if (part === undefined) continue;
                lit++;
                partColour(LIGHT, part).forEach((channel, at) => {
                  sum[at]! += channel;
                });
              }
            const shown = pixel(pixels, view, x, y);
            if (lit === 0) {
              expect(shown).toEqual([...LIGHT.background, 255]);
              continue;
            }
            const density = lit / ((rows[1] - rows[0]) * (keys[1] - keys[0]));
            const strength = 0.3 + 0.7 * Math.sqrt(density);
            sum.forEach((channel, at) => {
              const expected = 255 + (channel / lit - 255) * strength;
              expect(Math.abs(shown[at]! - expected), `pixel (${x}, ${y})`).toBeLessThanOrEqual(1);
            });
          }
      }),
      { numRuns: 150 },
    );
  }, 60_000);

  it('shows every lit cell somewhere, wherever the camera stands', () => {
    const number = (value: number) => ({ type: 'number', value: { op: 'number', value } }) as const;
    const edges: Pattern = {
      kind: 'union',
      left: {
        kind: 'primitive',
        name: 'global',
        args: { tokens: { type: 'positions', items: [{ at: number(0).value }] } },
      },
      right: {
        kind: 'primitive',
        name: 'rows',
        args: { tokens: { type: 'positions', items: [{ at: number(-1).value }] } },
      },
    };
    fc.assert(
      fc.property(
        fc.integer({ min: 200, max: 70_000 }),
        fc.integer({ min: 60, max: 180 }),
        fc.integer({ min: 0, max: 30 }),
        (n, inside, margin) => {
          const shape = squareShape(n);
          const scale = n / inside;
          const size = inside + 2 * margin + 2;
          const view: View = { x: -margin, y: -margin, scale, width: size, height: size };
          const { pixels } = rasterize(LayeredMask.of(edges, shape).mask, shape, view, { palette: LIGHT });
          const isLit = (x: number, y: number): boolean => {
            const [red, green, blue, alpha] = pixel(pixels, view, x, y);
            return alpha === 255 && (red !== 255 || green !== 255 || blue !== 255);
          };
          const edgeRow = margin;
          const middle = Math.floor(margin + inside / 2);
          expect(isLit(middle, edgeRow), 'row 0').toBe(true);
          expect(isLit(edgeRow, middle), 'column 0').toBe(true);
          const lastRow = margin + Math.ceil(n / scale) - 1;
          expect(isLit(middle, lastRow), 'the last row').toBe(true);
        },
      ),
    );
  });

  it('draws lines between large cells and leaves the outside clear', () => {
    const shape = squareShape(3);
    const view: View = { x: -10, y: -10, scale: 1 / 10, width: 50, height: 50 };
    const { mask } = LayeredMask.of({ kind: 'primitive', name: 'full', args: {} }, shape);
    const { pixels } = rasterize(mask, shape, view, { palette: LIGHT });
    expect(pixel(pixels, view, 5, 5)).toEqual([0, 0, 0, 0]);
    expect(pixel(pixels, view, 15, 15)).toEqual([...partColour(LIGHT, 0), 255]);
    expect(pixel(pixels, view, 20, 15)).toEqual([...LIGHT.line, 255]);
    expect(pixel(pixels, view, 45, 15)).toEqual([0, 0, 0, 0]);
  });

  it('on nothing: transparent where no cell is lit, and as opaque as cells are dense', () => {
    const shape = squareShape(4);
    const band: Pattern = {
      kind: 'primitive',
      name: 'columns',
      args: { tokens: { type: 'positions', items: [{ at: { op: 'number', value: 1 } }] } },
    };
    const { mask } = LayeredMask.of(band, shape);
    const alphas = (scale: number, size: number): number[] => {
      const view: View = { x: 0, y: 0, scale, width: size, height: size };
      const { pixels } = rasterize(mask, shape, view, { palette: ON_NOTHING });
      return Array.from({ length: size }, (_, x) => pixels[4 * x + 3] ?? -1);
    };
    expect(alphas(0.5, 8)).toEqual([0, 0, 255, 255, 0, 0, 0, 0]);
    expect(alphas(2, 2)).toEqual([Math.round(255 * (0.3 + 0.7 * Math.sqrt(0.5))), 0]);
    // Large cells have no lines either.
    expect(alphas(1 / 16, 64).filter(alpha => alpha === 255)).toHaveLength(16);
  });

  it('says when it had to sample', () => {
    const random = { kind: 'primitive', name: 'random', args: { keys: literal(1) } } as const satisfies Pattern;
    const shape = squareShape(8192);
    const { mask } = LayeredMask.of(random, shape);
    // Rows of a pixel are more than are listed.
    const view: View = { x: 0, y: 0, scale: 4096, width: 2, height: 2 };
    expect(rasterize(mask, shape, view, { palette: LIGHT, maxWords: 1000 }).approximate).toBe(true);
    expect(rasterize(mask, shape, view, { palette: LIGHT }).approximate).toBe(false);
  });

  it('has every pixel of keys drawn at random, however few words may be read', () => {
    const draw = (keys: number, seed: number): Pattern => ({
      kind: 'primitive',
      name: 'random',
      args: { keys: literal(keys), seed: literal(seed) },
    });
    const causal: Pattern = { kind: 'primitive', name: 'causal', args: {} };
    const pair = fc.tuple(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 0, max: 2 ** 33 }));
    fc.assert(
      fc.property(
        pair,
        pair,
        fc.constantFrom('alone', 'both', 'causal'),
        fc.integer({ min: 41, max: 180 }),
        fc.double({ min: 1, max: 40, noNaN: true }),
        fc.boolean(),
        ([keys, seed], [others, another], how, n, scale, stripes) => {
          const one = draw(keys, seed);
          const pattern: Pattern =
            how === 'alone'
              ? one
              : how === 'both'
                ? { kind: 'union', left: one, right: draw(others, another) }
                : { kind: 'intersection', left: one, right: causal };
          const shape = squareShape(n);
          const side = Math.ceil(n / scale);
          const view: View = { x: 0, y: 0, scale, width: side, height: side };
          const picture = (bound: LayeredMask, maxWords: number) =>
            rasterize(bound, shape, view, { palette: LIGHT, stripes, maxWords });
          const { mask, parts } = LayeredMask.of(pattern, shape);
          // The same mask as plain words, which nothing is known of but its bits.
          const plain = (of: Pattern): Mask => {
            const bits = bindPattern(of, shape);
            const has = (row: number, column: number): boolean => (bits.word(row, column) & 1) === 1;
            return {
              classify: ({ row, rowEnd, column, columnEnd }) => {
                let cells = 0;
                for (let i = row; i < rowEnd; i++) for (let j = column; j < columnEnd; j++) if (has(i, j)) cells++;
                if (cells === 0) return 'empty';
                return cells === (rowEnd - row) * (columnEnd - column) ? 'full' : 'mixed';
              },
              word: (row, column) => bits.word(row, column),
              signature: () => undefined,
            };
          };
          const words = LayeredMask.ofMasks(
            plain(pattern),
            parts.map(part => plain(part.pattern)),
          );
          const found = picture(mask, 2 * n);
          if (how === 'alone') expect(found.approximate).toBe(false);
          if (!found.approximate) expect([...found.pixels]).toEqual([...picture(words, 2 ** 25).pixels]);
        },
      ),
      { numRuns: 60 },
    );
  });

  it('can be stopped', () => {
    const shape = squareShape(65536);
    const { mask } = LayeredMask.of({ kind: 'primitive', name: 'causal', args: {} }, shape);
    const view: View = { x: 0, y: 0, scale: 64, width: 1024, height: 1024 };
    const checkpoint = (): void => {
      throw new Error('stopped');
    };
    expect(() => rasterize(mask, shape, view, { palette: LIGHT, checkpoint })).toThrow('stopped');
  });
});

describe('partsOf', () => {
  const number = (value: number) => ({ type: 'number', value: { op: 'number', value } }) as const;
  const window: Pattern = { kind: 'primitive', name: 'window', args: { size: number(3) } };
  const causal: Pattern = { kind: 'primitive', name: 'causal', args: {} };
  const sink: Pattern = {
    kind: 'primitive',
    name: 'columns',
    args: {
      tokens: {
        type: 'positions',
        items: [
          { at: { op: 'number', value: 0 } },
          { from: { op: 'number', value: 4 }, to: { op: 'number', value: 6 } },
        ],
      },
    },
  };
  const labels = (pattern: Pattern): string[] => partsOf(pattern, squareShape(64)).map(part => part.label);

  it('names primitives in source order with their numbers', () => {
    expect(labels({ kind: 'union', left: window, right: sink })).toEqual(['window(3)', 'columns([0, 4..6])']);
  });

  it('sees through limits, differences and names', () => {
    expect(labels({ kind: 'intersection', left: causal, right: window })).toEqual(['window(3)']);
    expect(labels({ kind: 'intersection', left: window, right: causal })).toEqual(['window(3)']);
    expect(labels({ kind: 'difference', left: causal, right: window })).toEqual(['causal()']);
    expect(labels({ kind: 'named', name: 'mine', pattern: window })).toEqual(['window(3)']);
    expect(labels({ kind: 'complement', of: window })).toEqual(['!window(3)']);
  });

  it('splits a pattern of blocks into its parts', () => {
    const inner: Pattern = { kind: 'union', left: window, right: sink };
    expect(
      labels({ kind: 'primitive', name: 'blocked', args: { size: number(8), p: { type: 'pattern', value: inner } } }),
    ).toEqual(['blocked(8, window(3))', 'blocked(8, columns([0, 4..6]))']);
  });
});
