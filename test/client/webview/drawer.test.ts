import { expect, test, vi } from 'vitest';
import { Drawer } from '../../../client/webview/drawer.ts';
import type { Drawn, FromDrawer, TilesWanted } from '../../../client/webview/drawing-messages.ts';
import { nameOf, TILE_SIDE, type TilePlace } from '../../../client/webview/mask/tile.ts';
import { chosen } from '../../../client/webview/mask-choice.ts';
import { LayeredMask } from '../../../runtime/draw/layered-mask.ts';
import { LIGHT } from '../../../runtime/draw/palette.ts';
import { rasterize } from '../../../runtime/draw/raster.ts';
import { createLanguage, NO_FILES } from '../../../server/language.ts';

async function drawn(text: string, tokens: number): Promise<Drawn> {
  const model = await createLanguage(NO_FILES).lowerExpression(text);
  return { choice: { model, tokens, layer: 0, head: 0, hidden: [] }, palette: LIGHT };
}

function drawer() {
  const sent: FromDrawer[] = [];
  const tiles = () => sent.flatMap(message => (message.kind === 'tile' ? [message] : []));
  const made = new Drawer(
    message => void sent.push(message),
    error => String(error),
  );
  let seq = 0;
  const want = (id: number, what: Drawn, missing: readonly TilePlace[], more: Partial<TilesWanted> = {}): void =>
    made.want({ seq: ++seq, id, drawn: what, received: 0, missing, improvable: [], ...more });
  return { sent, tiles, want };
}

const place = (x: number, y: number, scale = 64): TilePlace => ({ scale, x, y });
const rest = (): Promise<void> => new Promise(resolve => setTimeout(resolve, 40));

test('tiles come in the order in which they are wanted, pixel by pixel what one drawing of the mask is', async () => {
  const what = await drawn('sliding(5000) | strided(128) & causal()', 2 ** 15);
  const { tiles, want, sent } = drawer();
  want(1, what, [place(1, 1), place(0, 0), place(0, 1)]);
  expect(sent[0]).toEqual({ kind: 'heard', seq: 1 });
  await vi.waitFor(() => expect(tiles()).toHaveLength(3), { timeout: 10_000 });
  expect(tiles().map(({ tile }) => nameOf(tile.place))).toEqual([place(1, 1), place(0, 0), place(0, 1)].map(nameOf));
  const { pattern, shape } = chosen(what.choice);
  const { mask } = LayeredMask.of(pattern, shape);
  for (const { tile } of tiles()) {
    const { x, y } = tile.place;
    const view = { x: x * TILE_SIDE, y: y * TILE_SIDE, scale: 64, width: TILE_SIDE, height: TILE_SIDE };
    expect(tile.pixels).toEqual(rasterize(mask, shape, view, { palette: LIGHT, stripes: true }).pixels);
  }
});

test('what is not wanted any more is given up', async () => {
  const slow = await drawn('random(40)', 2 ** 14);
  const quick = await drawn('sliding(8)', 1024);
  const { tiles, want } = drawer();
  want(1, slow, [place(0, 0, 32), place(1, 0, 32)]);
  want(2, quick, [place(0, 0, 4)]);
  await vi.waitFor(() => expect(tiles()).toHaveLength(1), { timeout: 10_000 });
  await rest();
  expect(tiles().map(({ id }) => id)).toEqual([2]);
});

test('a tile that is on its way is not drawn twice, and one that was let go is drawn again', async () => {
  const what = await drawn('sliding(8)', 1024);
  const { tiles, want } = drawer();
  want(1, what, [place(0, 0, 2)]);
  await vi.waitFor(() => expect(tiles()).toHaveLength(1), { timeout: 10_000 });
  want(1, what, [place(0, 0, 2), place(1, 0, 2)], { received: 0 });
  await vi.waitFor(() => expect(tiles()).toHaveLength(2), { timeout: 10_000 });
  await rest();
  expect(tiles().map(({ tile }) => tile.place.x)).toEqual([0, 1]);
  want(1, what, [place(0, 0, 2)], { received: 2 });
  await vi.waitFor(() => expect(tiles()).toHaveLength(3), { timeout: 10_000 });
});

test('what had to be sampled is looked at longer when everything is there', async () => {
  const what = await drawn('full() - random(40)', 2 ** 13);
  const { tiles, want } = drawer();
  want(1, what, [place(0, 0, 32), place(0, 1, 32)]);
  await vi.waitFor(() => expect(tiles().some(({ tile }) => tile.approximate && tile.mayImprove)).toBe(true), {
    timeout: 20_000,
  });
  await vi.waitFor(() => expect(tiles().some(({ tile }) => !tile.mayImprove)).toBe(true), { timeout: 20_000 });
  expect(tiles()[0]?.tile.place).toEqual(place(0, 0, 32));
});

test('a mask without a meaning is told, and nothing is drawn', async () => {
  const what = await drawn('topk(8)', 64);
  const { sent, want, tiles } = drawer();
  want(1, what, [place(0, 0, 1)]);
  await rest();
  expect(tiles()).toEqual([]);
  expect(sent).toContainEqual({ kind: 'failed', id: 1, message: expect.stringContaining('by content') });
});
