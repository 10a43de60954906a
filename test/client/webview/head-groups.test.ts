import { expect, test } from 'vitest';
import { headGroups, numbersText } from '../../../client/webview/head-groups.ts';

/** Masks by layer and head. */
function masks(rows: readonly (readonly number[])[]): { classOf: Uint16Array<ArrayBuffer> } {
  return { classOf: Uint16Array.from(rows.flat()) };
}

test('layers and heads that have one mask are one group, wherever they stand', () => {
  const rows = Array.from({ length: 6 }, (_, layer) =>
    Array.from({ length: 4 }, (_, head) => (layer % 2) + 2 * (head % 2)),
  );
  expect(headGroups(masks(rows), 6, 4, null)).toEqual([
    { mask: 0, layer: 0, head: 0, text: 'layers 0..6 step 2, heads 0, 2' },
    { mask: 2, layer: 0, head: 1, text: 'layers 0..6 step 2, heads 1, 3' },
    { mask: 1, layer: 1, head: 0, text: 'layers 1..6 step 2, heads 0, 2' },
    { mask: 3, layer: 1, head: 1, text: 'layers 1..6 step 2, heads 1, 3' },
  ]);
});

test('a group that is no rectangle tells how many there are', () => {
  expect(
    headGroups(
      masks([
        [0, 1, 1],
        [1, 0, 1],
      ]),
      2,
      3,
      null,
    ).map(({ text }) => text),
  ).toEqual(['2 heads in layers 0..2', '4 heads in layers 0..2']);
});

test('the groups of one layer know nothing of the others', () => {
  expect(
    headGroups(
      masks([
        [0, 1, 2],
        [3, 4, 3],
      ]),
      2,
      3,
      1,
    ),
  ).toEqual([
    { mask: 3, layer: 1, head: 0, text: 'layer 1, heads 0, 2' },
    { mask: 4, layer: 1, head: 1, text: 'layer 1, head 1' },
  ]);
});

test.each([
  [[7], 'head 7'],
  [[0, 1, 2, 3], 'heads 0..4'],
  [[1, 4, 7], 'heads 1..10 step 3'],
  [[0, 2, 3, 4], 'heads 0, 2..5'],
  [[0, 1, 4, 6, 9, 12], '6 heads from 0 to 12'],
])('%j in words', (numbers, text) => {
  expect(numbersText('head', numbers, 12)).toBe(text);
});
