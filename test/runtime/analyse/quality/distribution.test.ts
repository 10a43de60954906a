import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { type CurvePoint, curveSizes, equalPairs } from '../../../../runtime/analyse/quality/curve.ts';
import { type Distribution, distributionOf } from '../../../../runtime/analyse/quality/distribution.ts';
import { createGpuSurveyor } from '../../../../runtime/analyse/quality/gpu/gpu-surveyor.ts';
import { rowKernelBytes } from '../../../../runtime/analyse/quality/kernel-bytes.ts';
import { MaskRows } from '../../../../runtime/analyse/quality/plan-rows.ts';
import type { SurveyedHead, Surveyor } from '../../../../runtime/analyse/quality/survey.ts';
import { createSurveyor } from '../../../../runtime/analyse/quality/surveyor.ts';
import { nodeWorkers } from '../../../../runtime/attention/cpu/workers.node.ts';
import { openDawn } from '../../../../runtime/attention/gpu/dawn.node.ts';
import { sampleInput } from '../../../../runtime/attention/sample-data.ts';
import type { AttentionInput } from '../../../../runtime/attention/types.ts';
import { compileHeadParts } from '../../../../runtime/compile/compile-heads.ts';
import type { TilePlan } from '../../../../runtime/compile/tile-plan.ts';
import { densePlan } from '../../dense-plan.ts';
import { losing } from '../../dynamic/losing.ts';
import { modelOf } from '../../dynamic/select.ts';
import { attentionOf } from './by-definition.ts';

const processor = createSurveyor();
/** What looks at heads, how many examples it gets, and by how much float32 may differ. */
const surveyors = {
  'in the calling thread': {
    // The build that gives the same bits on every machine.
    surveyor: createSurveyor({ wasm: rowKernelBytes(true)! }),
    ...{ runs: 1, margin: 1e-6 },
  },
  'on workers': {
    surveyor: createSurveyor({ workers: nodeWorkers(2), workersFrom: 0 }),
    ...{ runs: 0.2, margin: 1e-6 },
  },
  'on a graphics device': {
    surveyor: createGpuSurveyor({ open: openDawn, otherwise: nothing(), always: true }),
    ...{ runs: 0.1, margin: 1e-4 },
  },
};
afterAll(() => {
  for (const { surveyor } of Object.values(surveyors)) surveyor.dispose();
});

/** All numbers of two distributions, those of the curves too. */
function expectNear(found: Distribution, wanted: Distribution, margin: number) {
  const numbers = ({ curve, ...rest }: Distribution): number[] => [
    ...Object.values(rest).map(Number),
    ...Object.values(curve).flatMap((line: readonly CurvePoint[]) => line.map(({ recall }) => recall)),
  ];
  const own = numbers(found);
  numbers(wanted).forEach((value, at) => {
    expect(Math.abs(own[at]! - value)).toBeLessThanOrEqual(margin * Math.max(1, value));
  });
}

/** What a device must not leave anything to. */
function nothing(): Surveyor {
  return { survey: () => Promise.reject(new Error('left to others')), notes: () => [], dispose() {} };
}

type Allowed = (row: number, key: number) => boolean;

interface Problem {
  readonly queries: number;
  readonly keys: number;
  readonly headDim: number;
  readonly causal: boolean;
  readonly seed: number;
  /** Times q: 0 makes all scores equal, 8 leaves a row one key. */
  readonly sharpness: number;
}

const arbitraryProblem: fc.Arbitrary<Problem> = fc
  .record({
    keys: fc.oneof(fc.integer({ min: 1, max: 100 }), fc.constantFrom(1, 16, 17, 33, 64)),
    fewer: fc.nat(99),
    headDim: fc.integer({ min: 1, max: 20 }),
    causal: fc.boolean(),
    seed: fc.nat(1000),
    sharpness: fc.constantFrom(0, 0.3, 1, 8),
  })
  .map(({ keys, fewer, ...rest }) => ({ keys, queries: Math.max(1, keys - fewer), ...rest }));

function inputOf({ queries, keys, headDim, seed, sharpness }: Problem): AttentionInput {
  const input = sampleInput({ heads: 1, kvHeads: 1, queries, keys, headDim }, seed);
  return { ...input, q: input.q.map(value => value * sharpness) };
}

async function measureOn(surveyor: Surveyor, problem: Problem, plans: readonly TilePlan[]) {
  const input = inputOf(problem);
  const { q, k } = input;
  const { queries, keys, headDim } = problem;
  const mask = new MaskRows(plans, queries, keys);
  const shape = { baseline: problem.causal ? 'causal' : 'full', queries, keys, offset: keys - queries } as const;
  const head = { ...shape, q, k, headDim, mask, scale: 1 / Math.sqrt(headDim) };
  const sums = (await surveyor.survey(head))!;
  const found = distributionOf(sums, shape, sum([...mask.perRow]));
  const seen: Allowed = (row, key) => !problem.causal || key <= keys - queries + row;
  return { found, seen, p: attentionOf(input, 0, seen).p, sums };
}

const sum = (values: readonly number[]) => values.reduce((all, value) => all + value, 0);
const descending = (values: readonly number[]) => [...values].sort((a, b) => b - a);
const largest = (values: readonly number[], count: number) => sum(descending(values).slice(0, count));

describe.each(Object.entries(surveyors))('the distribution of a head, %s', (_, { surveyor, runs, margin }) => {
  const measure = (problem: Problem, plans: readonly TilePlan[]) => measureOn(surveyor, problem, plans);

  it('is as the definition says, for any mask', { timeout: 180_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(arbitraryProblem, fc.constantFrom(0, 0.05, 0.4, 0.9, 1), async (problem, share) => {
        const { queries, keys, causal, seed } = problem;
        const draws = sampleInput({ heads: 1, kvHeads: 1, queries, keys, headDim: keys }, seed + 1).q;
        const limit = [Number.NEGATIVE_INFINITY, 3 * share - 1.5, Number.POSITIVE_INFINITY][Math.ceil(share * 1.05)]!;
        const allowed: Allowed = (row, key) =>
          draws[row * keys + key]! < limit && (!causal || key <= keys - queries + row);
        const tile = { queries: 16, keys: 48 };
        const { found, p, seen } = await measure(problem, [densePlan(queries, keys, allowed, tile)]);
        const rows = p.map((probabilities, row) => {
          const keysOf = [...probabilities.keys()].filter(key => seen(row, key));
          return {
            own: keysOf.filter(key => allowed(row, key)).map(key => probabilities[key]!),
            all: keysOf.map(key => probabilities[key]!),
          };
        });
        const pairs = sum(rows.map(({ own }) => own.length));
        const oracle = largest(
          rows.flatMap(({ all }) => all),
          pairs,
        );
        expect(found.oracle).toBeGreaterThan((oracle / queries) * (1 - 1e-5) - 1e-6);
        expect(found.oracle).toBeLessThan((oracle / queries) * (1 + 1 / 60) + 1e-5);
        expect(found.topk).toBeCloseTo(sum(rows.map(({ own, all }) => largest(all, own.length))) / queries, 5);
        const entropies = p.map(row => sum(row.map(value => (value === 0 ? 0 : -value * Math.log2(value)))));
        expect(found.entropy).toBeCloseTo(sum(entropies) / queries, 4);
        // A key that is as probable as the last one of the best stands for it; float32 decides what is equal, and of keys
        // that it can only just tell apart the mask may have the right ones or the wrong ones.
        const overlaps = rows.flatMap(({ own, all }) => {
          if (own.length === 0) return [];
          const least = descending(all)[own.length - 1]!;
          const close = (value: number) => Math.abs(value - least) <= margin * least + 1e-37;
          const clear = own.filter(value => value > least && !close(value)).length;
          const room = own.length - all.filter(value => value > least && !close(value)).length;
          const ties = own.filter(close).length;
          const others = all.filter(close).length - ties;
          return [{ least: clear + Math.max(0, room - others), most: clear + Math.min(ties, room), keys: own.length }];
        });
        const mean = (of: 'least' | 'most') => sum(overlaps.map(each => each[of] / each.keys)) / overlaps.length;
        if (overlaps.length === 0) expect(found.overlap).toBeNull();
        else if (problem.sharpness > 0) {
          expect(found.overlap).toBeGreaterThan(mean('least') - 5e-5);
          expect(found.overlap).toBeLessThan(mean('most') + 5e-5);
        } else expect(found.overlap).toBe(1);
      }),
      {
        numRuns: 150 * runs,
        // Two keys that float32 can only just tell apart, of which the mask has one.
        examples: [[{ keys: 44, queries: 43, headDim: 12, causal: true, seed: 0, sharpness: 0.3 }, 0.4]],
      },
    );
  });

  it('compares with windows and random keys of as many pairs', { timeout: 180_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(arbitraryProblem, fc.nat(99), async (problem, size) => {
        const { queries, keys, causal } = problem;
        const offset = keys - queries;
        const window: Allowed = (row, key) =>
          causal ? key <= offset + row && offset + row - key < size + 1 : Math.abs(offset + row - key) <= size;
        const { found, p, seen, sums } = await measure(problem, [densePlan(queries, keys, window)]);
        const recall = sum(p.map((row, i) => sum(row.filter((_, j) => window(i, j))))) / queries;
        expect(found.window).toBeCloseTo(recall, 5);
        // As many keys in each row, as far as there are.
        const expected = p.map((row, i) => Math.min(1, (size + 1) / row.filter((_, j) => seen(i, j)).length));
        const shape = { baseline: causal ? 'causal' : 'full', queries, keys, offset } as const;
        const pairs = sum(p.map((row, i) => Math.min(size + 1, row.filter((_, j) => seen(i, j)).length)));
        expect(equalPairs(sums, shape, pairs).random).toBeCloseTo(sum(expected) / queries, 9);
      }),
      { numRuns: 60 * runs },
    );
  });

  it('draws curves that rise to 1, the oracle above all others', { timeout: 180_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(arbitraryProblem, async problem => {
        const { queries, keys } = problem;
        const { found, p } = await measure(problem, [densePlan(queries, keys, () => false)]);
        const { oracle, topk, window, random } = found.curve;
        const sizes = curveSizes(keys);
        for (const line of [oracle, topk, window, random]) {
          expect(line).toHaveLength(sizes.length);
          line.forEach(({ recall, density }, point) => {
            expect(recall).toBeGreaterThanOrEqual((line[point - 1]?.recall ?? 0) - 1e-6);
            expect(density).toBeGreaterThanOrEqual(line[point - 1]?.density ?? 0);
            expect(recall).toBeLessThanOrEqual(1);
          });
        }
        for (const line of [oracle, topk, random]) expect(line.at(-1)!.recall).toBeCloseTo(1, 5);
        const seenPairs = (point: CurvePoint) => Math.round(point.density * queries * keys);
        sizes.forEach((size, point) => {
          const best = sum(p.map(row => largest(row, size))) / queries;
          expect(topk[point]!.recall).toBeLessThan(best + 1e-5);
          expect(topk[point]!.recall).toBeGreaterThan(best * (1 - 1 / 60) - 1e-5);
          expect(oracle[point]!.recall).toBeGreaterThan(best - 1e-5);
          const wanted = largest(p.flat(), seenPairs(oracle[point]!)) / queries;
          expect(oracle[point]!.recall).toBeGreaterThan(wanted - 1e-5);
          expect(oracle[point]!.recall).toBeLessThan(wanted * (1 + 1 / 60) + 1e-5);
          expect(oracle[point]!.recall).toBeGreaterThan(random[point]!.recall - 1e-5);
        });
      }),
      { numRuns: 60 * runs },
    );
  });

  it('reads masks in parts with orders of their own', async () => {
    const problem = { queries: 700, keys: 700, headDim: 4, causal: false, seed: 5, sharpness: 1 };
    const model = await modelOf('strided(32) | window(5)', { heads: 1, kvHeads: 1, ...problem });
    const parts = compileHeadParts(model, 0, [0], 700);
    expect(parts.length).toBeGreaterThan(1);
    const ordered = await measure(
      problem,
      parts.map(({ plans }) => plans[0]!),
    );
    const plain = await measure(problem, [densePlan(700, 700, (i, j) => (i - j) % 32 === 0 || Math.abs(i - j) <= 2)]);
    // A device adds rows up in portions that depend on how long they take.
    expectNear(ordered.found, plain.found, 1e-8);
  });

  it('finds the mask of the most probable keys to be the best', async () => {
    const problem = { queries: 90, keys: 90, headDim: 8, causal: true, seed: 2, sharpness: 2 };
    const { p } = await measure(problem, [densePlan(90, 90, () => false)]);
    const rank = p.map(row => row.map(value => row.filter(other => other > value).length));
    const { found } = await measure(problem, [densePlan(90, 90, (i, j) => j <= i && rank[i]![j]! < 7)]);
    expect(found.overlap).toBe(1);
    expect(found.topk).toBeCloseTo(sum(p.map(row => largest(row, 7))) / 90, 5);
    expect(found.window).toBeLessThan(found.topk);
  });
});

describe('looking at a head', () => {
  const headOf = (keys: number, headDim: number): SurveyedHead => {
    const { q, k } = sampleInput({ heads: 1, kvHeads: 1, queries: keys, keys, headDim });
    const mask = new MaskRows([densePlan(keys, 16, (row, key) => key <= row)], keys, keys);
    return { baseline: 'full', queries: keys, keys, offset: 0, headDim, scale: 1, q, k, mask };
  };

  it.each(Object.entries(surveyors))(
    'stops when it is cancelled, %s',
    { timeout: 180_000 },
    async (_, { surveyor }) => {
      const controller = new AbortController();
      const run = surveyor.survey(headOf(3000, 16), {
        signal: controller.signal,
        onProgress: () => controller.abort(),
      });
      await expect(run).rejects.toMatchObject({ name: 'AbortError' });
      // And goes on afterwards.
      expect(await surveyor.survey(headOf(40, 16))).toBeDefined();
    },
  );

  it('comes to the same to the last bit, however many threads there are', async () => {
    const head = headOf(700, 16);
    const here = await processor.survey(head);
    for (const threads of [2, 3]) {
      const surveyor = createSurveyor({ workers: nodeWorkers(threads), workersFrom: 0 });
      expect(await surveyor.survey(head)).toEqual(here);
      expect(surveyor.notes()).toEqual([]);
      surveyor.dispose();
    }
  });

  it('on a graphics device holds in portions and chunks, with as many threads as cards get', {
    timeout: 180_000,
  }, async () => {
    const head = headOf(80, 8);
    const sizes = { side: 16, chunk: 66, portion: 2 ** 17 };
    const surveyor = createGpuSurveyor({ open: openDawn, otherwise: nothing(), always: true, sizes });
    const shares: number[] = [];
    const found = (await surveyor.survey(head, { onProgress: share => shares.push(share) }))!;
    surveyor.dispose();
    const wanted = (await processor.survey(head))!;
    expect(shares.length).toBeGreaterThan(1);
    expect(shares.at(-1)).toBe(1);
    const pairs = sum([...head.mask.perRow]);
    expectNear(distributionOf(found, head, pairs), distributionOf(wanted, head, pairs), 1e-4);
  });

  it('is left to others by a device that is lost or not there, which is said', { timeout: 180_000 }, async () => {
    const head = headOf(50, 8);
    const opened = await openDawn();
    if ('reason' in opened) throw new Error(opened.reason);
    const otherwise = createSurveyor();
    const lost = createGpuSurveyor({ open: async () => ({ gpu: losing(opened.gpu) }), otherwise, always: true });
    const absent = createGpuSurveyor({ open: async () => ({ reason: 'none' }), otherwise, always: true });
    for (const surveyor of [lost, absent]) expect(await surveyor.survey(head)).toEqual(await processor.survey(head));
    expect(lost.notes().join()).toMatch(/^Probabilities were not looked at on the graphics device: .*lost/);
    expect(absent.notes()).toEqual(['Probabilities were not looked at on the graphics device: none']);
    // Software that imitates a device is used only when it is asked for, and small heads need none.
    const modest = createGpuSurveyor({ open: async () => ({ gpu: losing(opened.gpu) }), otherwise });
    expect(await modest.survey(head)).toEqual(await processor.survey(head));
    expect(modest.notes()).toEqual([]);
  });

  it('goes on in the calling thread when workers do not start', async () => {
    const workers = {
      threads: 2,
      shared: false,
      spawn: () => {
        throw new Error('not allowed here');
      },
    };
    const surveyor = createSurveyor({ workers, workersFrom: 0 });
    expect(await surveyor.survey(headOf(50, 8))).toEqual(await processor.survey(headOf(50, 8)));
    expect(surveyor.notes()).toEqual(['Workers could not be used to look at probabilities: not allowed here']);
  });

  it('finds nothing in an engine without WebAssembly SIMD', async () => {
    expect(await createSurveyor({ wasm: null }).survey(headOf(50, 8))).toBeUndefined();
  });
});
