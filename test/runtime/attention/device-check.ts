// Every kernel of the graphics device that is there, on awkward and on random problems, against the float64 reference, and
// what it chooses by content, against the processor.
// `npm run test:gpu` runs it; in CI the device is software, which has the portable kernels alone.
import { compareResults } from '../../../runtime/attention/compare.ts';
import { attendOn } from '../../../runtime/attention/gpu/attend-on.ts';
import { candidates } from '../../../runtime/attention/gpu/candidates.ts';
import { openDawn } from '../../../runtime/attention/gpu/dawn.node.ts';
import { openDevice } from '../../../runtime/attention/gpu/device.ts';
import { Kernels } from '../../../runtime/attention/gpu/kernels.ts';
import { createReferenceBackend } from '../../../runtime/attention/reference.ts';
import { checkChoices } from '../dynamic/choice-check.ts';
import { type Problem, problem, problems, scattered } from './problems.ts';

const BOUND = { f32: 2e-6, f16: 2e-3 } as const;
/** Work items as they come, rows cut into segments, and items that are continued tile by tile. */
const WAYS = [
  { name: '' },
  { name: ', rows cut', longest: 1 },
  { name: ', items continued', longest: 1000, budget: { keys: 512, depth: 1 } },
] as const;

const seed = Number(process.argv[2] ?? Date.now() % 2 ** 31);
const randomProblems = Number(process.argv[3] ?? 60);
const opened = await openDawn();
if ('reason' in opened) throw new Error(opened.reason);
const device = await openDevice(opened.gpu);
const kernels = new Kernels(device);
console.log(`${device.name}, random problems from seed ${seed}`);

let passed = 0;
let failed = 0;
const worst = new Map<string, number>();
for (const task of [...problems, ...random(randomProblems)]) {
  const [plan] = task.plans.plans;
  if (plan === undefined) throw new Error('A problem has a plan.');
  const { headDim } = task.input;
  const expected = await createReferenceBackend().run(task.input, [task.plans], {});
  const values = task.input.v.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  const logs = expected.lse.reduce((most, x) => (Number.isFinite(x) ? Math.max(most, Math.abs(x)) : most), 1);
  for (const spec of candidates(device.capability, { headDim, precision: 'f16', tile: plan.tile })) {
    for (const { name: way, ...cut } of WAYS) {
      const bound = BOUND[spec.element];
      let verdict: string | undefined;
      try {
        const kernel = await kernels.named({ headDim, precision: 'f16', tile: plan.tile }, spec.name);
        const scale = 1 / Math.sqrt(headDim);
        const result = await attendOn(device, kernel, task.input, [task.plans], { scale, ...cut, poison: true });
        const { o, lse } = compareResults(result, expected);
        const relative = Math.max(o / values, lse / logs);
        worst.set(spec.pipeline, Math.max(worst.get(spec.pipeline) ?? 0, relative));
        if (!(relative <= bound)) verdict = `off by ${relative.toExponential(2)}, at most ${bound} is allowed`;
      } catch (error) {
        verdict = error instanceof Error ? error.message : String(error);
      }
      if (verdict === undefined) passed++;
      else {
        failed++;
        console.log(`FAILED: ${task.name} with ${spec.name}${way}: ${verdict}`);
      }
    }
  }
}
for (const [pipeline, error] of worst) console.log(`${pipeline}: largest relative error ${error.toExponential(2)}`);
const choices = await checkChoices(seed, { count: randomProblems, long: device.imitated ? 400 : 5000 });
passed += choices.passed;
failed += choices.failed;
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed > 0 ? 1 : 0);

/** Random shapes; the same for the same seed. */
function* random(count: number): Generator<Problem> {
  let state = seed >>> 0;
  const below = (limit: number): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * limit);
  };
  const dims = [16, 64, 80, 128];
  const tiles = [
    { queries: 64, keys: 64 },
    { queries: 128, keys: 64 },
    { queries: 50, keys: 32 },
  ];
  for (let index = 0; index < count; index++) {
    const kvHeads = 1 + below(2);
    const shape = {
      ...{ queries: 1 + below(300), keys: 1 + below(300), headDim: dims[below(dims.length)] ?? 64 },
      ...{ kvHeads, heads: kvHeads * (1 + below(3)) },
    };
    const tile = tiles[below(tiles.length)];
    const name = `random ${index} ${JSON.stringify({ ...shape, tile })}`;
    yield problem(name, shape, [scattered(below(101)), scattered(9)], tile);
  }
}
