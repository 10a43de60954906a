import { describe, expect, it } from 'vitest';
import { type LatestWorker, Superseded } from '../../../../client/webview/drawing.ts';
import type { Drawn, Picture } from '../../../../client/webview/drawing-messages.ts';
import { TILE_SIDE } from '../../../../client/webview/mask/tile.ts';
import { TileSource } from '../../../../client/webview/mask/tile-source.ts';

interface Asked {
  readonly x: number;
  readonly known: boolean;
  readonly thorough: boolean;
  answer(picture: Picture): void;
}

/** A worker that answers when the test says so. As the real one: while it is busy only the newest question waits. */
class SlowWorker {
  readonly asked: Asked[] = [];
  #busy = false;
  #waiting: { start: () => void; reject: (error: Error) => void } | undefined;

  ask(request: { view: { x: number }; drawn: unknown; thorough: boolean }): Promise<Picture> {
    return new Promise((resolve, reject) => {
      const start = (): void => {
        this.#busy = true;
        this.asked.push({
          x: request.view.x / TILE_SIDE,
          known: request.drawn !== null,
          thorough: request.thorough,
          answer: picture => {
            this.#busy = false;
            resolve(picture);
            const next = this.#waiting;
            this.#waiting = undefined;
            next?.start();
          },
        });
      };
      this.#waiting?.reject(new Superseded());
      this.#waiting = undefined;
      if (this.#busy) this.#waiting = { start, reject };
      else start();
    });
  }

  /** Answers the latest question, and lets what follows from it happen. */
  async answer(picture: Picture): Promise<void> {
    this.asked.at(-1)?.answer(picture);
    for (let turn = 0; turn < 10; turn++) await Promise.resolve();
  }
}

const picture = (approximate = false): Picture => ({
  pixels: new Uint8ClampedArray(4 * TILE_SIDE ** 2),
  approximate,
});
const place = (x: number) => ({ scale: 1, x, y: 0 });

function source(): { tiles: TileSource; worker: SlowWorker } {
  const worker = new SlowWorker();
  const fail = (error: unknown): void => {
    throw error;
  };
  return { tiles: new TileSource(worker as unknown as LatestWorker, {} as Drawn, () => {}, fail), worker };
}

describe('TileSource', () => {
  it('has missing tiles drawn in order, telling a new worker what is drawn', async () => {
    const { tiles, worker } = source();
    tiles.want([place(2), place(1)]);
    await worker.answer({ unknown: true });
    await worker.answer(picture());
    await worker.answer(picture());
    expect(worker.asked.map(({ x, known }) => [x, known])).toEqual([
      [2, false],
      [2, true],
      [1, false],
    ]);
    expect(tiles.tile(place(1))).toBeDefined();
  });

  it('looks longer at what was sampled, once all tiles are there', async () => {
    const { tiles, worker } = source();
    tiles.want([place(0), place(1)]);
    await worker.answer(picture(true));
    await worker.answer(picture());
    expect(tiles.tile(place(0))?.mayImprove).toBe(true);
    await worker.answer(picture(true));
    expect(worker.asked.map(({ x, thorough }) => [x, thorough])).toEqual([
      [0, false],
      [1, false],
      [0, true],
    ]);
    expect(tiles.tile(place(0))).toMatchObject({ approximate: true, mayImprove: false });
  });

  it('goes on with what is wanted now, whatever is answered late', async () => {
    const { tiles, worker } = source();
    tiles.want([place(0)]);
    tiles.want([place(1)]);
    tiles.want([place(2)]);
    // The first answer says that the worker knows nothing; the one that is wanted must not be lost over it.
    await worker.answer({ unknown: true });
    await worker.answer({ unknown: true });
    await worker.answer(picture());
    expect(tiles.tile(place(2))).toBeDefined();
  });

  it('asks nothing any more when it is closed', async () => {
    const { tiles, worker } = source();
    tiles.want([place(0), place(1)]);
    tiles.close();
    await worker.answer(picture());
    expect(worker.asked).toHaveLength(1);
  });
});
