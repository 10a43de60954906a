import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { buildFirst, type Outcome, sparse, temporaryFolder } from './command-line.ts';

buildFirst();
const cwd = temporaryFolder();
writeFileSync(
  path.join(cwd, 'mixed.sparse'),
  `model Mixed {
  tokens = 1000
  layers = 4
  heads = 8
  kv_heads = 2
  head_dim = 64
  dtype = bf16
  batch = 2
  causal = true
  attention = sliding(100)
  attention layers [3] = full()
}
model Decode { tokens = 1000  queries = 1  attention = sliding(100) }
model Turns { tokens = 1000  layers = 13  attention = layer % 6 == 5 ? causal() : sliding(64) }
model Encoded { tokens = 1000  queries = 10  align = start  attention = sliding(100) }
`,
);

const run = (...args: string[]): Promise<Outcome> => sparse(['stats', ...args], { cwd });
const stats = async (...args: string[]): Promise<Record<string, unknown>> => {
  const { code, stdout, stderr } = await run(...args, '--json');
  expect(stderr).toBe('');
  expect(code).toBe(0);
  return JSON.parse(stdout) as Record<string, unknown>;
};
const sliding = (n: number, w: number): number => n * w - (w * (w - 1)) / 2;

describe.concurrent('sparse stats', () => {
  it('tells what a model costs', async () => {
    const pairs = 2 * 8 * sliding(1000, 100);
    const all = (1000 * 1001) / 2;
    expect(await stats('mixed.sparse', '--of', 'Mixed')).toMatchObject({
      pairs: sliding(1000, 100),
      space: 'O(n * size)',
      range: { back: 99, ahead: 0 },
      cost: {
        layers: 4,
        heads: 8,
        kvHeads: 2,
        headDim: 64,
        headDimAssumed: false,
        dtype: 'bf16',
        batch: 2,
        tile: { queries: 64, keys: 64 },
        causal: true,
        atMost: false,
        total: {
          pairs: { sparse: 3 * pairs + 16 * all, full: 64 * 1e6, causal: 64 * all },
          cacheBytes: { sparse: 2 * 2 * 2 * 64 * 2 * (3 * 100 + 1000), full: 2 * 2 * 2 * 64 * 2 * 4000 },
        },
        perLayer: [
          { layers: [0, 1, 2], back: 99, pairs: { sparse: pairs } },
          { layers: [3], back: 999, pairs: { sparse: 16 * all } },
        ],
      },
      waste: { needed: sliding(1000, 100), best: 16, sizes: [{ tile: { queries: 16, keys: 16 } }, {}, {}, {}, {}] },
    });
  });

  it('names the design that a mask is, however it was written', { timeout: 90_000 }, async () => {
    const spelled = ['--expr', 'where (i, j) => j <= i && (j < 4 || i - j < 64)', '--tokens', '1000'];
    expect(await stats(...spelled)).toMatchObject({
      recognised: {
        family: 'StreamingLLM',
        name: 'streaming_llm',
        parameters: { recent: 64, sinks: 4 },
        module: 'sparse:streaming',
        text: 'streaming_llm(64)',
        title: 'StreamingLLM (recent 64, sinks 4)',
      },
    });
    expect((await run(...spelled)).stdout).toMatch(
      /^recognised +StreamingLLM \(recent 64, sinks 4\): streaming_llm\(64\) from sparse:streaming$/m,
    );
    expect(await stats('--expr', 'where (i, j) => (i * j) % 17 == 3', '--tokens', '500')).toMatchObject({
      recognised: null,
    });
  });

  it('says how the layers of a model take turns', { timeout: 90_000 }, async () => {
    expect(await stats('mixed.sparse', '--of', 'Turns')).toMatchObject({
      recognised: { text: 'sliding(64)' },
      schedule: {
        family: 'Gemma 3',
        text: 'gemma3(64)',
        module: 'sparse:gemma',
        steps: [
          { layers: 5, text: 'sliding(64)' },
          { layers: 1, text: 'causal()' },
        ],
        repeated: true,
      },
    });
    expect((await run('mixed.sparse', '--of', 'Turns')).stdout).toMatch(
      /^layers +Gemma 3: sliding\(64\) x5, then causal\(\), repeated: gemma3\(64\) from sparse:gemma$/m,
    );
    expect(await stats('mixed.sparse', '--of', 'Mixed')).toMatchObject({
      schedule: { family: null, title: 'sliding(100) x3, then causal()', repeated: false },
    });
    expect(await stats('--expr', 'sliding(64)', '--tokens', '1000')).toMatchObject({ schedule: null });
  });

  it('takes the tile of a kernel', async () => {
    const { cost } = await stats('mixed.sparse', '--of', 'Mixed', '--tile', '128x64');
    expect(cost).toMatchObject({ tile: { queries: 128, keys: 64 } });
    const { code, stderr } = await run('mixed.sparse', '--of', 'Mixed', '--tile', '100');
    expect(code).toBe(2);
    expect(stderr).toMatch(/multiple of 16 from 16 to 256/);
  });

  it('writes whole numbers that no double holds', async () => {
    const { code, stdout } = await run('--expr', 'causal()', '--tokens', '4_000_001', '--json');
    expect(code).toBe(0);
    const flops = (4_000_001n * 4_000_002n) / 2n;
    expect(stdout).toContain(`"sparse": ${flops * 128n},`);
    expect(flops * 128n > 2n ** 49n).toBe(true);
  });

  it('follows information on demand', async () => {
    expect(await stats('mixed.sparse', '--of', 'Mixed')).not.toHaveProperty('flow');
    expect(await stats('mixed.sparse', '--of', 'Mixed', '--flow')).toMatchObject({
      flow: {
        layers: 4,
        reaches: 'past',
        share: 1,
        missing: null,
        hops: { least: 1, most: 1, exact: true },
        full: { after: 4 },
        isolated: { count: 0, first: [] },
      },
    });
    expect(await stats('--expr', 'sliding(100)', '--tokens', '1000', '--head', '999999', '--flow')).toMatchObject({
      flow: { layers: null, hops: { least: 11 }, full: { after: 11 } },
      cost: { layers: 1, heads: 1 },
    });
  });

  it('finds a way between two positions', async () => {
    const sinks = 'sliding(2) | columns([0]) & causal()';
    expect(await stats('--expr', sinks, '--tokens', '100', '--from', '50', '--to', '48')).toMatchObject({
      way: [50, 49, 48],
      flow: { fields: expect.arrayContaining([{ keys: 3, first: 0, last: 50 }]) },
    });
    expect(await stats('--expr', sinks, '--tokens', '100', '--from', '50', '--to', '51')).toMatchObject({ way: null });
    const { stdout } = await run('--expr', sinks, '--tokens', '100', '--from', '50', '--to', '48');
    expect(stdout).toMatch(/^50 to 48 +2 hops: 50, 49, 48$/m);
    expect(stdout).toMatch(/^after layer 0 +3 keys, 0 to 50$/m);
    expect(stdout).toMatch(/^diameter +98 hops$/m);
    // Key 49 is the last of the window to be heard of.
    expect(stdout).toMatch(/^after layer 48 +51 keys, 0 to 50$/m);
    expect(stdout).not.toContain('after layer 49');
  });

  it('prints cost and flow for people', async () => {
    const { code, stdout, stderr } = await run('mixed.sparse', '--of', 'Mixed', '--flow');
    expect(stderr).toBe('');
    expect(code).toBe(0);
    expect(stdout).toMatch(/^range +99 back, 0 ahead$/m);
    expect(stdout).toMatch(/^memory +O\(n \* size\); full attention keeps O\(n\^2\)$/m);
    expect(stdout).toMatch(/^tiles used +16: \d/m);
    expect(stdout).toMatch(/^cost of 4 layers, 8 heads \(2 key\/value\), width 64, bf16, batch 2$/m);
    expect(stdout).toMatch(/^KV cache +1\.3 MiB +3\.9 MiB$/m);
    expect(stdout).toMatch(/^layers 0-2: 99 back, 0 ahead; each /m);
    expect(stdout).toMatch(/^receptive fields +full after 4 layers of 4$/m);
  });

  it('of chosen pairs gives upper bounds', async () => {
    const found = await stats('--expr', 'topk(4)', '--tokens', '100');
    expect(found).toMatchObject({
      pairsAtMost: 400,
      waste: null,
      cost: { atMost: true, total: { pairs: { sparse: 400 }, computedPairs: { sparse: null }, speedUp: null } },
    });
  });

  it.each<[string, string[], RegExp]>([
    ['no query to begin from', ['--expr', 'causal()', '--tokens', '9', '--to', '3'], /--to needs --from/],
    [
      'a position past the end',
      ['--expr', 'causal()', '--tokens', '9', '--from', '9'],
      /--from 9: the positions .* 0 to 8/,
    ],
  ])('explains %s', async (_, args, message) => {
    const { code, stdout, stderr } = await run(...args);
    expect(stderr).toMatch(message);
    expect(code).toBe(2);
    expect(stdout).toBe('');
  });

  it('follows the whole sequence behind the queries of a decoding step', async () => {
    const { code, stdout } = await run('mixed.sparse', '--of', 'Decode', '--flow', '--from', '999');
    expect(code).toBe(0);
    expect(stdout).toContain('every query hears of every earlier key, with all 1,000 positions as queries');
    expect(stdout).toMatch(/diameter +11 hops/);
  });

  it.each<[string, string[], RegExp]>([
    [
      'queries at the first of more tokens',
      ['mixed.sparse', '--of', 'Encoded', '--flow'],
      /10 queries for 1000 tokens.*align = end/,
    ],
    ['chosen pairs', ['--expr', 'topk(4)', '--tokens', '100', '--flow'], /by content/],
  ])('says that flow is not known with %s', async (_, args, message) => {
    const { code, stderr } = await run(...args);
    expect(stderr).toMatch(message);
    expect(code).toBe(1);
  });
});
