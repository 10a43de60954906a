// What the graphics device chooses by each rule, against what the processor chooses, pair by pair. Part of
// `npm run test:gpu`; it needs no test runner.
import { nodeWorkers } from '../../../runtime/attention/cpu/workers.node.ts';
import { openDawn } from '../../../runtime/attention/gpu/dawn.node.ts';
import { SAMPLE_KINDS, type SampleKind, structuredInput } from '../../../runtime/attention/structured-data.ts';
import type { AttentionInput } from '../../../runtime/attention/types.ts';
import { bindContent } from '../../../runtime/dynamic/bind-content.ts';
import { createGpuRowSelector } from '../../../runtime/dynamic/gpu/gpu-row-selector.ts';
import type { RowSelector } from '../../../runtime/dynamic/rows/row-rule.ts';
import { createRowSelector } from '../../../runtime/dynamic/rows/row-selector.ts';
import { headContent } from '../../../runtime/dynamic/select-heads.ts';
import type { Mask } from '../../../runtime/pattern/mask.ts';
import type { Shape } from '../../../runtime/pattern/shape.ts';
import { createLanguage, NO_FILES } from '../../../server/language.ts';

/** Tensors of which many scores are equal (`ties`), nearly equal (`near`), or none has a length (`nothing`). */
type Kind = SampleKind | 'ties' | 'near' | 'nothing';

interface Case {
  readonly expression: string;
  readonly kind: Kind;
  readonly queries: number;
  readonly keys: number;
  readonly headDim: number;
  readonly heads: number;
  readonly kvHeads: number;
  readonly seed: number;
}

const small = { queries: 333, keys: 333, headDim: 64, heads: 1, kvHeads: 1, seed: 1 };
const WITHIN = ['full()', 'causal()', 'window(90)', 'random(20)', 'none()', 'block(70) - strided(3)'];
const language = createLanguage(NO_FILES);

/** @param long keys of the longest sequences */
const casesOf = (long: number): readonly Case[] => [
  { ...small, expression: 'topk(1)', kind: 'random', queries: 1, keys: 1 },
  { ...small, expression: 'threshold(0.5)', kind: 'random', queries: 1, keys: 1 },
  { ...small, expression: 'lsh(4)', kind: 'random', queries: 1, keys: 1 },
  { ...small, expression: 'routing(4)', kind: 'random', queries: 1, keys: 1 },
  ...(['ties', 'near', 'nothing'] as const).flatMap(kind =>
    ['topk(40, within: causal())', 'threshold(0.9, within: causal())', 'lsh(8, rounds: 2)', 'routing(6, top: 50)'].map(
      expression => ({ ...small, expression, kind }),
    ),
  ),
  ...[
    { expression: 'topk(64, within: causal())' },
    { expression: 'threshold(0.9, within: causal())' },
    { expression: 'threshold(0.95)', kind: 'local' as const, queries: 100 },
    { expression: 'lsh(64, rounds: 3, within: causal())' },
    { expression: 'routing(48)', headDim: 128 },
    { expression: 'routing(16, top: 300, within: causal())', heads: 2 },
  ].map(task => ({ ...small, queries: long, keys: long, kind: 'clusters' as const, ...task })),
];

/**
 * Checks all cases and `count` random ones, the same for the same seed; prints what is wrong and says how many are.
 *
 * @param long keys of the longest sequences, which software imitating a device would take minutes for
 */
export async function checkChoices(
  seed: number,
  { count, long }: { readonly count: number; readonly long: number },
): Promise<{ passed: number; failed: number }> {
  const processor = createRowSelector({ workers: nodeWorkers() });
  let left = 0;
  let rows = 0;
  const others: RowSelector = {
    choose(request, progress) {
      left += request.candidates.queries;
      return processor.choose(request, progress);
    },
    notes: () => [],
    dispose() {},
  };
  const device = createGpuRowSelector({ open: openDawn, otherwise: others, always: true, keysFrom: 0 });
  const counted: RowSelector = {
    ...device,
    choose(request, progress) {
      rows += request.candidates.queries;
      return device.choose(request, progress);
    },
  };
  let passed = 0;
  let failed = 0;
  for (const task of [...casesOf(long), ...random(seed, count)]) {
    const wrong = await compare(task, counted, processor).catch((error: unknown) => String(error));
    if (wrong === undefined) passed++;
    else {
      failed++;
      console.log(`FAILED: ${JSON.stringify(task)}: ${wrong}`);
    }
  }
  for (const note of device.notes()) {
    failed++;
    console.log(`FAILED: ${note}`);
  }
  console.log(`choices: the processor settled ${left} of ${rows} rows, the device the others`);
  if (left > rows / 2) {
    failed++;
    console.log('FAILED: most rows were left to the processor');
  }
  device.dispose();
  processor.dispose();
  return { passed, failed };
}

/** The first difference between two selectors. */
async function compare(task: Case, one: RowSelector, other: RowSelector): Promise<string | undefined> {
  const input = inputOf(task);
  const { rules } = await language.lowerExpression(task.expression, 'memory:/expression.sparse');
  const pattern = rules[0]?.pattern;
  if (pattern === undefined) throw new Error('An expression has a pattern.');
  for (let head = 0; head < task.heads; head++) {
    const { queries, keys: tokens, heads } = task;
    const shape: Shape = { tokens, queries, offset: tokens - queries, head, heads, layer: 0, layers: 1 };
    const content = headContent(input, head);
    const [found, wanted] = [
      await bindContent(pattern, shape, { content, rows: one }),
      await bindContent(pattern, shape, { content, rows: other }),
    ];
    const pair = difference(found, wanted, shape);
    if (pair !== undefined) return `head ${head}: ${pair}`;
  }
  return undefined;
}

function difference(found: Mask, wanted: Mask, { offset, queries, tokens }: Shape): string | undefined {
  for (let row = offset; row < offset + queries; row++)
    for (let key = 0; key < tokens; key += 32) {
      const inside = tokens - key < 32 ? 2 ** (tokens - key) - 1 : 0xffffffff;
      const differing = (found.word(row, key) ^ wanted.word(row, key)) & inside;
      if (differing !== 0) return `row ${row} differs at key ${key + 31 - Math.clz32(differing & -differing)}`;
    }
  return undefined;
}

function inputOf({ kind, seed, ...shape }: Case): AttentionInput {
  const { heads, kvHeads, queries, keys, headDim } = shape;
  const made = kind === 'ties' || kind === 'near' || kind === 'nothing' ? 'random' : kind;
  const input = structuredInput({ heads, kvHeads, queries, keys, headDim }, made, seed);
  for (const data of [input.q, input.k])
    for (let at = 0; at < data.length; at++) {
      if (kind === 'ties') data[at] = Math.round(Number(data[at]));
      if (kind === 'nothing') data[at] = 0;
      // Vectors that differ in the last bits of one number.
      if (kind === 'near')
        data[at] =
          at % headDim === 0 ? 1 + (((Math.floor(at / headDim) * 7) % 300) - 150) * 2 ** -23 : 1 / (1 + (at % 5));
    }
  return input;
}

function* random(seed: number, count: number): Generator<Case> {
  let state = seed >>> 0;
  const below = (limit: number): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * limit);
  };
  const of = <T>(list: readonly T[]): T => list[below(list.length)] as T;
  for (let index = 0; index < count; index++) {
    const within = `within: ${of(WITHIN)}`;
    const keys = 1 + below(700);
    const kvHeads = 1 + below(2);
    yield {
      expression: of([
        `topk(${1 + below(90)}, ${within})`,
        `threshold(${(1 + below(99)) / 100}, ${within})`,
        `lsh(${2 * (1 + below(40))}, rounds: ${1 + below(3)}, seed: ${index}, ${within})`,
        `routing(${2 + below(30)}, iterations: ${1 + below(5)}, seed: ${index}, ${within})`,
        `routing(${2 + below(9)}, top: ${1 + below(90)}, ${within})`,
      ]),
      kind: of<Kind>([...SAMPLE_KINDS, 'ties', 'near']),
      ...{ keys, queries: below(2) === 0 ? keys : 1 + below(keys), kvHeads, heads: kvHeads * (1 + below(2)) },
      ...{ headDim: of([5, 16, 64, 80, 128]), seed: index },
    };
  }
}
