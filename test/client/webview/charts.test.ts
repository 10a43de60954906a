import { describe, expect, it } from 'vitest';
import {
  fieldChart,
  rowsChart,
  scalingChart,
  tokensText,
  wasteChart,
} from '../../../client/webview/charts/mask-charts.ts';
import { type Chart, chartText, columnsOf, powersBetween } from '../../../runtime/draw/chart.ts';

const chart: Chart = {
  title: 'Cost',
  x: { label: 'n', log: 2, show: String },
  y: { label: 'pairs', log: 10, show: String },
  lines: [
    {
      name: 'a',
      points: [
        [4, 16],
        [2, 4],
        [0, 1],
      ],
    },
    {
      name: 'b',
      points: [
        [2, 0],
        [8, 3],
      ],
    },
  ],
};

describe('charts', () => {
  it('share the x of all lines, without what a logarithmic axis cannot show', () => {
    expect(columnsOf(chart)).toEqual({
      xs: [2, 4, 8],
      ys: [
        [4, 16, null],
        [null, null, 3],
      ],
    });
  });

  it('say in words what they show', () => {
    expect(chartText(chart)).toBe('Cost, n 2 to 8: a from 4 to 16, b from 3 to 3');
    expect(chartText({ ...chart, lines: [] })).toBe('Cost: nothing to show');
  });

  it('have lines at powers, all of them where there is room', () => {
    expect(powersBetween(10, 10, 1000, 5)).toEqual([10, 100, 1000]);
    expect(powersBetween(2, 3, 1000, 4)).toEqual([4, 16, 64, 256]);
    expect(powersBetween(10, 2, 9, 4)).toEqual([]);
  });

  it('write lengths as the language does', () => {
    expect([512, 1024, 1536, 4096, 2 ** 20].map(tokensText)).toEqual(['512', '1Ki', '1,536', '4Ki', '1Mi']);
  });

  it('cost four operations for each pair and number of a head', () => {
    const lengths = [{ tokens: 4, full: 16, whole: 5, parts: [2, 3n] }];
    const { lines } = scalingChart({ name: 'mine', headDim: 8, labels: ['x', 'y'], lengths });
    expect(lines.map(({ name, points }) => [name, points])).toEqual([
      ['full attention', [[4, 512]]],
      ['x', [[4, 64]]],
      ['y', [[4, 96]]],
      ['mine', [[4, 160]]],
    ]);
  });

  it('show bounds of rows only where rows differ', () => {
    expect(rowsChart([{ first: 0, min: 2, mean: 2, max: 2 }]).lines).toHaveLength(1);
    expect(rowsChart([{ first: 0, min: 1, mean: 2, max: 3 }]).lines.map(line => line.points[0])).toEqual([
      [0, 1],
      [0, 2],
      [0, 3],
    ]);
  });

  it('count layers from one, and what is wasted from what is used', () => {
    expect(fieldChart({ byLayer: [0.25, 1] }).lines[0]?.points).toEqual([
      [1, 0.25],
      [2, 1],
    ]);
    const use = { tile: { queries: 16, keys: 16 }, tiles: 1, computed: 256, loadedKeys: 16, used: 0.75, speedUp: 1 };
    expect(wasteChart({ sizes: [use] }).lines[0]?.points).toEqual([[16, 0.25]]);
  });
});
