import { expect, test } from 'vitest';
import { densityText } from '../../client/density-text.ts';

test('the status item says what is known', () => {
  expect(densityText(null)).toEqual({ text: 'No pattern here', detail: '' });
  const found = { name: 'mine', density: 0.123_456, approximate: false, complexity: 'O(n·size)', tokens: 4096 };
  expect(densityText(found)).toEqual({ text: 'Density 12.3%', detail: 'mine at 4,096 tokens, O(n·size)' });
  expect(densityText({ ...found, density: null })).toEqual({ text: 'O(n·size)', detail: 'mine at 4,096 tokens' });
  expect(densityText({ ...found, approximate: true }).text).toBe('Density ≈ 12.3%');
  expect(densityText({ ...found, density: 1 }).text).toBe('Density 100%');
  expect(densityText({ ...found, density: 0 }).text).toBe('Density 0%');
});
