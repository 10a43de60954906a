import { inject, test } from 'vitest';
import { extensionFolder } from './extension-under-test.ts';
import { PreviewPage } from './preview-page.ts';

/** Seconds of panning. */
const SECONDS = 4;

function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN;
}

test('panning at 1Mi tokens', { timeout: 120_000 }, async () => {
  const preview = await PreviewPage.open(inject('executable'), extensionFolder, { shownWebGpu: false });
  try {
    const text = 'sliding(4096) | columns([0..4]) | strided(128) & causal()';
    await preview.show(text, 2 ** 20);
    await preview.page.locator('canvas.marks').focus();
    for (let step = 0; step < 12; step++) await preview.page.keyboard.press('+');
    await preview.settled();
    const { intervals, work, moving } = await preview.page.evaluate(async seconds => {
      const marks = document.querySelector('canvas.marks') as HTMLCanvasElement;
      const intervals: number[] = [];
      const work: number[] = [];
      const request = window.requestAnimationFrame.bind(window);
      window.requestAnimationFrame = callback =>
        request(time => {
          const start = performance.now();
          callback(time);
          work.push(performance.now() - start);
        });
      const { left, top, width, height } = marks.getBoundingClientRect();
      const at = (type: string, turn: number): boolean =>
        marks.dispatchEvent(
          new PointerEvent(type, {
            pointerId: 1,
            button: 0,
            buttons: 1,
            // In a circle, eight pixels a frame.
            clientX: left + width / 2 + 150 * Math.cos(turn),
            clientY: top + height / 2 + 150 * Math.sin(turn),
          }),
        );
      marks.setPointerCapture = () => {};
      at('pointerdown', 0);
      const moving: number[] = [];
      const end = performance.now() + 1000 * seconds;
      let before = await new Promise<number>(request);
      for (let frame = 1; performance.now() < end; frame++) {
        const start = performance.now();
        at('pointermove', (8 * frame) / 150);
        moving.push(performance.now() - start);
        const now = await new Promise<number>(request);
        intervals.push(now - before);
        before = now;
      }
      at('pointerup', 0);
      return { intervals, work, moving };
    }, SECONDS);
    const { length } = intervals;
    const seconds = intervals.reduce((sum, each) => sum + each, 0) / 1000;
    console.info(
      `panning at 1Mi: ${(length / seconds).toFixed(1)} frames a second over ${seconds.toFixed(1)} s, from frame to frame p50 ${quantile(intervals, 0.5).toFixed(1)} ms, p95 ${quantile(intervals, 0.95).toFixed(1)} ms; the page works p50 ${quantile(work, 0.5).toFixed(1)} ms, p95 ${quantile(work, 0.95).toFixed(1)} ms of each, and p50 ${quantile(moving, 0.5).toFixed(1)} ms, p95 ${quantile(moving, 0.95).toFixed(1)} ms to hear of the pointer`,
    );
  } finally {
    await preview.close();
  }
});
