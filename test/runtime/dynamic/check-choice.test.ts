import { expect, test } from 'vitest';
import { checkChoice } from '../../../runtime/dynamic/gpu/check-choice.ts';
import { RowList } from '../../../runtime/dynamic/rows/chosen-rows.ts';
import { PlainRows } from '../../../runtime/dynamic/rows/plain-rows.ts';
import type { RowRequest } from '../../../runtime/dynamic/rows/row-rule.ts';

/** Chooses rightly but for what `change` makes of a row's keys; undefined: the row is left to others. */
const choosing =
  (change: (keys: Uint32Array, row: number, request: RowRequest) => Uint32Array | undefined) =>
  async (request: RowRequest) => {
    const plain = new PlainRows(request);
    const list = new RowList(request.candidates.keys);
    const left: number[] = [];
    for (let row = 0; row < request.candidates.queries; row++) {
      const keys = change(plain.choose(row), row, request);
      if (keys === undefined) left.push(row);
      else list.add(keys);
    }
    return { chosen: list.done(), left };
  };

test('a device that chooses as everybody does passes, also when it leaves rows to others', async () => {
  await checkChoice(choosing(keys => keys));
  await checkChoice(choosing((keys, row) => (row % 3 === 1 ? undefined : keys)));
});

test.each([
  ['another key in the last row', (keys: Uint32Array, row: number) => (row === 74 ? keys.with(0, 1) : keys)],
  ['a key too few', (keys: Uint32Array, row: number) => (row === 64 ? keys.slice(1) : keys)],
  [
    'the second of two equal ones, by one rule',
    (keys: Uint32Array, _row: number, { rule }: RowRequest) =>
      rule.kind === 'largest' ? keys.map(key => (key < 20 && !keys.includes(key + 40) ? key + 40 : key)).sort() : keys,
  ],
  ['nothing', () => new Uint32Array(0)],
])('a device that chooses %s does not pass', async (_, change) => {
  await expect(checkChoice(choosing(change))).rejects.toThrow(/it chooses wrong keys \(of query \d+ in a small test\)/);
});
