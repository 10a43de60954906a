import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { squareShape } from '../../runtime/pattern/shape.ts';
import { Counter } from '../../server/counting.ts';
import { type Checkpoint, Idle, SlowAnswers, within } from '../../server/slow-answers.ts';
import { pattern } from './open-file.ts';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
});

afterEach(() => {
  vi.useRealTimers();
});

/** Something that takes so many milliseconds. */
const taking =
  (milliseconds: number, value = 'answer') =>
  (checkpoint: Checkpoint): string => {
    for (let k = 0; k < milliseconds; k++) {
      elapsed++;
      checkpoint();
    }
    return value;
  };

let elapsed = 0;
beforeEach(() => {
  elapsed = 0;
  vi.spyOn(performance, 'now').mockImplementation(() => elapsed);
});

/** Lets time go by, and what was planned happen. */
function wait(milliseconds: number): void {
  for (let k = 0; k < milliseconds; k += 10) {
    elapsed += 10;
    vi.advanceTimersByTime(10);
  }
}

test('something runs until the time is over', () => {
  expect(within(10, taking(5))).toEqual({ value: 'answer' });
  expect(within(10, taking(500))).toBeUndefined();
  expect(() =>
    within(10, () => {
      throw new RangeError('another');
    }),
  ).toThrow('another');
});

describe('an answer', () => {
  test('is found once', () => {
    const answers = new SlowAnswers<string>(10);
    const find = vi.fn(taking(5));
    expect(answers.ask('a', 10, find)).toEqual({ value: 'answer' });
    expect(answers.ask('a', 10, find)).toEqual({ value: 'answer' });
    // No time is needed for what is known.
    expect(answers.ask('a', 0, find)).toEqual({ value: 'answer' });
    expect(find).toHaveBeenCalledTimes(1);
    expect(answers.ask('b', 0, find)).toBeUndefined();
  });

  test('that takes too long is not looked for at every keystroke, but again later and with more time', () => {
    const answers = new SlowAnswers<string>(10);
    let needed = 100;
    const find = vi.fn((checkpoint: Checkpoint) => taking(needed)(checkpoint));
    expect(answers.ask('a', 10, find)).toBeUndefined();
    expect(answers.ask('a', 10, find)).toBeUndefined();
    expect(find).toHaveBeenCalledTimes(1);
    expect(answers.ask('a', 50, find)).toBeUndefined();
    expect(find).toHaveBeenCalledTimes(2);
    // The machine was busy; now it is not.
    needed = 5;
    expect(answers.ask('a', 10, find)).toBeUndefined();
    wait(6000);
    expect(answers.ask('a', 10, find)).toEqual({ value: 'answer' });
  });

  test('is there when nobody waited for it', () => {
    const answers = new SlowAnswers<string>(10, new Idle());
    const find = vi.fn(taking(100));
    expect(answers.ask('a', 10, find)).toBeUndefined();
    wait(1000);
    expect(find).toHaveBeenCalledTimes(2);
    expect(answers.ask('a', 10, find)).toEqual({ value: 'answer' });
    expect(find).toHaveBeenCalledTimes(2);
  });

  test('that never comes keeps nobody busy', () => {
    const answers = new SlowAnswers<string>(10, new Idle());
    const find = vi.fn(taking(100_000));
    for (let k = 0; k < 10; k++) {
      expect(answers.ask('a', 10, find)).toBeUndefined();
      wait(400);
    }
    expect(find).toHaveBeenCalledTimes(2);
  });

  test('may take many goes that each get further', () => {
    const answers = new SlowAnswers<string>(10, new Idle(), { goesOn: true });
    let done = 0;
    const find = vi.fn((checkpoint: Checkpoint) => {
      for (; done < 700; done++) {
        elapsed++;
        checkpoint();
      }
      return 'answer';
    });
    expect(answers.ask('a', 10, find)).toBeUndefined();
    wait(5000);
    expect(done).toBe(700);
    // No go is long enough to be noticed.
    expect(find.mock.calls.length).toBeGreaterThan(10);
    expect(answers.ask('a', 10, find)).toEqual({ value: 'answer' });
  });

  test('that throws is not remembered, neither at once nor later', () => {
    const answers = new SlowAnswers<string>(10, new Idle());
    let fails = true;
    const find = (checkpoint: Checkpoint): string => {
      const value = taking(100)(checkpoint);
      if (fails) throw new RangeError('no');
      return value;
    };
    expect(() => answers.ask('a', 150, find)).toThrow('no');
    expect(answers.ask('a', 10, find)).toBeUndefined();
    wait(1000);
    fails = false;
    expect(answers.ask('a', 150, find)).toEqual({ value: 'answer' });
  });

  test('is forgotten when others were asked for since', () => {
    const answers = new SlowAnswers<string>(2);
    const find = vi.fn(taking(1));
    for (const key of ['a', 'b', 'a', 'c', 'a']) answers.ask(key, 10, find);
    expect(find).toHaveBeenCalledTimes(3);
    answers.ask('b', 10, find);
    expect(find).toHaveBeenCalledTimes(4);
  });
});

describe('work for later', () => {
  test('waits for a pause, and again after some time', () => {
    const idle = new Idle();
    const done: string[] = [];
    const job = (name: string) => (): void => {
      elapsed += 15;
      done.push(name);
    };
    idle.add('a', job('a'));
    wait(100);
    idle.add('b', job('b'));
    idle.add('c', job('c'));
    wait(100);
    idle.add('a', job('a, once'));
    expect(done).toEqual([]);
    wait(60);
    expect(done).toEqual(['a, once', 'b']);
    wait(160);
    expect(done).toEqual(['a, once', 'b', 'c']);
  });

  test('tells when all is done and something was found out', () => {
    const idle = new Idle();
    const answers = new SlowAnswers<string>(10, idle);
    const listener = vi.fn();
    idle.onFound(listener);
    idle.add('nothing', () => undefined);
    answers.ask('never', 10, taking(100_000));
    wait(1000);
    expect(listener).not.toHaveBeenCalled();
    answers.ask('a', 10, taking(100));
    answers.ask('b', 10, taking(100));
    wait(1000);
    expect(listener).toHaveBeenCalledTimes(1);
    answers.ask('a', 10, taking(100));
    wait(1000);
    expect(listener).toHaveBeenCalledTimes(1);
  });

  test('is all that is left for who has no time at all', () => {
    const answers = new SlowAnswers<string>(10, new Idle());
    const find = vi.fn(taking(5));
    expect(answers.ask('a', -1, find)).toBeUndefined();
    expect(find).not.toHaveBeenCalled();
    wait(1000);
    expect(answers.ask('a', -1, find)).toEqual({ value: 'answer' });
  });

  test('is dropped by an edit', () => {
    const idle = new Idle();
    const answers = new SlowAnswers<string>(10, idle);
    const find = vi.fn(taking(100));
    answers.ask('a', 10, find);
    idle.clear();
    wait(1000);
    expect(find).toHaveBeenCalledTimes(1);
    // Who asks after the edit gets it, a little later.
    expect(answers.ask('a', 10, find)).toBeUndefined();
    wait(1000);
    expect(answers.ask('a', 10, find)).toEqual({ value: 'answer' });
  });
});

test('pairs that take too long for a hover are counted for the next one', async () => {
  vi.useRealTimers();
  vi.restoreAllMocks();
  const counter = new Counter(new Idle());
  const heavy = await pattern('pattern p = where (i, j) => (i * j) % 61 == 3');
  const shape = squareShape(1024);
  expect(counter.count(heavy, shape, 0.01)).toMatchObject({ pairs: null, complexity: 'O(n^2)' });
  const exact = new Counter().count(heavy, shape, 60_000);
  expect(exact?.pairs).toBeGreaterThan(0);
  await expect.poll(() => counter.count(heavy, shape, 0.01)?.pairs, { timeout: 25_000 }).toBe(exact?.pairs);
});
