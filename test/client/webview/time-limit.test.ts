import { expect, test } from 'vitest';
import { explain } from '../../../client/webview/explain.ts';
import { OutOfTime, timeLimit } from '../../../client/webview/time-limit.ts';
import { shortestWay } from '../../../runtime/analyse/flow.ts';
import { createLanguage, NO_FILES } from '../../../server/language.ts';

test('work goes on until its time is over, and then says for how long it did', () => {
  let now = 100;
  const checkpoint = timeLimit('a way was looked for in vain', 2000, () => now);
  now = 2100;
  expect(checkpoint).not.toThrow();
  now = 2101;
  expect(checkpoint).toThrow(new OutOfTime('a way was looked for in vain for 2 seconds'));
  // Not as if the mask could not be drawn.
  expect(explain(new OutOfTime('it was over'))).toBe('it was over');
});

test('a search for a way through many tokens heeds it', async () => {
  const model = await createLanguage(NO_FILES).lowerExpression('strided(128) & causal()');
  let calls = 0;
  const checkpoint = timeLimit('a way was looked for in vain', 10, () => calls++);
  expect(() => shortestWay(model, 2 ** 22 - 1, 5, 2 ** 22, { checkpoint })).toThrow(OutOfTime);
});
