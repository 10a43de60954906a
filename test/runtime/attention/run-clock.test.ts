import { expect, it } from 'vitest';
import { RunClock, type RunProgress } from '../../../runtime/attention/run-clock.ts';

it('tells the time left by the speed since the first sign of life, with what is still to come', () => {
  let now = 0;
  const told: RunProgress[] = [];
  const clock = new RunClock(
    progress => told.push(progress),
    () => now,
  );
  const at = (ms: number, done: number): RunProgress => {
    now = ms;
    clock.progress(done);
    return told.at(-1)!;
  };
  // Full attention takes ten times as long.
  clock.begin('sparse', ms => (ms === null ? null : 10 * ms));
  expect(told.at(-1)).toEqual({ stage: 'sparse', done: 0, leftMs: null });
  // Compiling: nothing is known yet.
  expect(at(5000, 0.1).leftMs).toBeNull();
  expect(at(5100, 0.15).leftMs).toBeNull();
  // A tenth in 500 ms: 8/10 are left, and ten times the whole, which takes 5 s.
  expect(at(5500, 0.2)).toEqual({ stage: 'sparse', done: expect.closeTo(5500 / 59_500, 6) as number, leftMs: 54_000 });
  expect(at(9500, 1).leftMs).toBe(50_000);
  now = 9600;
  clock.begin('full', () => 0);
  // What was told is not taken back, although nothing is known of the new stage.
  expect(told.at(-1)).toMatchObject({ stage: 'full', leftMs: null });
  const shares = told.map(({ done }) => done);
  expect(shares).toEqual([...shares].sort((a, b) => a - b));
  at(10_000, 0.01);
  expect(at(11_000, 0.11).leftMs).toBeCloseTo(8900, 6);
});

it('begins again when a short stage is repeated', () => {
  let now = 0;
  const told: RunProgress[] = [];
  const clock = new RunClock(
    progress => told.push(progress),
    () => now,
  );
  clock.begin('full', () => 0);
  now = 300;
  clock.progress(1);
  expect(told.at(-1)!.leftMs).toBe(0);
  now = 310;
  clock.progress(0.1);
  expect(told.at(-1)!.leftMs).toBeNull();
});
