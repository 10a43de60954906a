import { describe, expect, it } from 'vitest';
import { type Chart, evenTicks, logTicks } from '../../../runtime/draw/chart.ts';
import { encodeChartSvg } from '../../../runtime/draw/chart-svg.ts';
import { type FrontierOf, frontierChart } from '../../../runtime/draw/frontier-chart.ts';
import { DARK, LIGHT } from '../../../runtime/draw/palette.ts';
import { elementsOf } from './xml.ts';

const found: FrontierOf = {
  ...{ family: 'window', expression: 'sliding(9) & "<q>"', density: 0.1, recall: 0.62, budget: 0.1, oracle: 0.9 },
  alternatives: [
    { family: 'blocks', expression: 'block(8)', isDynamic: false, density: 0.09, recall: 0.5 },
    { family: 'a pattern for each head', expression: null, isDynamic: false, density: 0.1, recall: 0.61 },
  ],
  frontier: [0.01, 0.1, 0.4].map((density, index) => ({
    density,
    recall: 0.3 + 0.3 * index,
    family: 'window',
    expression: `sliding(${index})`,
    perHead: 0.32 + 0.3 * index,
    oracle: 0.7 + 0.15 * index,
  })),
};

const svgOf = (chart: Chart, palette = LIGHT): string =>
  new TextDecoder().decode(encodeChartSvg(chart, 'Recall of <this> & that', palette));

describe('the frontier', () => {
  it('shows every kind, the oracle and the limit at their places', () => {
    const elements = elementsOf(svgOf(frontierChart(found)));
    const texts = elements.filter(({ name }) => name === 'text').map(({ text }) => text);
    expect(texts).toEqual(
      expect.arrayContaining([
        'Recall of <this> & that',
        'density',
        'recall',
        'limit 10 %',
        'oracle: the best of all masks',
        'static, the same for all heads',
        'static, each head its own',
        'suggested: sliding(9) & "<q>" (62 %)',
        'block(8) (50 %)',
        'a pattern for each head (61 %)',
      ]),
    );
    // The plot goes from 0.01 to 0.4 with a little room, and from 0.3 to 1.
    const across = (density: number): number => {
      const room = 0.04 * Math.log(40);
      return 70 + (560 * (Math.log(density / 0.01) + room)) / (Math.log(40) + 2 * room);
    };
    const up = (recall: number): number => 44 + (300 * (1 - recall)) / 0.7;
    const dots = elements.filter(({ name, attributes }) => name === 'circle' && Number(attributes.cy) <= 344);
    // Three lines of three points, two alternatives and, above all, the suggestion.
    expect(dots).toHaveLength(12);
    const last = dots.at(-1)!.attributes;
    expect(Number(last.cx)).toBeCloseTo(across(0.1), 1);
    expect(Number(last.cy)).toBeCloseTo(up(0.62), 1);
    expect(Number(last.r)).toBeGreaterThan(Number(dots[0]!.attributes.r));
    const dashed = elements.filter(({ attributes }) => attributes['stroke-dasharray'] === '2 3');
    expect(dashed.map(({ attributes }) => attributes.d)).toEqual([`M${last.cx} 44v300`]);
  });

  it('is the same for the same, has no number that is none, and other colours in the dark', () => {
    const chart = frontierChart(found);
    expect(svgOf(chart)).toBe(svgOf(frontierChart(structuredClone(found))));
    expect(svgOf(chart)).not.toMatch(/NaN|Infinity|undefined/);
    expect(svgOf(chart, DARK)).toContain('fill="rgb(30,30,30)"');
    expect(svgOf(chart, DARK)).toContain('fill="rgb(212,212,212)"');
  });

  it('leaves out what cannot be seen beside another line, and draws a frontier of one point', () => {
    const alike = found.frontier.map(point => ({ ...point, perHead: point.recall + 0.001 }));
    expect(svgOf(frontierChart({ ...found, frontier: alike }))).not.toContain('each head its own');
    const one = frontierChart({ ...found, alternatives: [], frontier: alike.slice(0, 1) });
    expect(elementsOf(svgOf(one)).filter(({ name }) => name === 'circle').length).toBeGreaterThan(2);
    expect(svgOf(one)).not.toMatch(/NaN|Infinity/);
    const all = alike.map(point => ({ ...point, recall: 1, perHead: 1, oracle: 1 }));
    const everything = frontierChart({ ...found, recall: 1, alternatives: [], frontier: all });
    expect(svgOf(everything)).not.toMatch(/NaN|Infinity/);
  });
});

describe('axes', () => {
  it('have round numbers', () => {
    expect(evenTicks(0, 1, 6)).toEqual([0, 0.2, 0.4, 0.6, 0.8, 1]);
    expect(evenTicks(0.3, 1, 6)).toEqual([0.4, 0.6, 0.8, 1]);
    expect(evenTicks(0, 45, 6)).toEqual([0, 10, 20, 30, 40]);
    expect(evenTicks(3, 3, 6)).toEqual([3]);
    expect(logTicks(10, 0.012, 0.4, 6)).toEqual([0.02, 0.05, 0.1, 0.2]);
    expect(logTicks(10, 0.001, 1, 6)).toEqual([0.001, 0.01, 0.1, 1]);
    expect(logTicks(2, 3, 70, 6)).toEqual([4, 8, 16, 32, 64]);
  });
});
