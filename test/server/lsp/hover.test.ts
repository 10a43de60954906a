import { inflateSync } from 'node:zlib';
import { describe, expect, test, vi } from 'vitest';
import type { MarkupContent } from 'vscode-languageserver-types';
import { statistics } from '../../../runtime/analyse/statistics.ts';
import { squareShape } from '../../../runtime/pattern/shape.ts';
import { Counter } from '../../../server/counting.ts';
import { Analyses } from '../../../server/lsp/analyses.ts';
import { SparseHoverProvider } from '../../../server/lsp/hover.ts';
import { Idle } from '../../../server/slow-answers.ts';
import { pattern } from '../open-file.ts';
import { openDocument } from './open-document.ts';

/** What a hover at each mark says. */
async function hovers(marked: string, settings: object = {}): Promise<string[]> {
  const { services, document, marks } = await openDocument(marked);
  services.shared.workspace.ConfigurationProvider.updateConfiguration({ settings: { sparse: settings } });
  const provider = services.sparse.lsp.HoverProvider;
  return Promise.all(
    marks.map(async position => {
      const hover = await provider?.getHoverContent(document, {
        textDocument: { uri: document.uri.toString() },
        position,
      });
      return (hover?.contents as MarkupContent | undefined)?.value ?? '';
    }),
  );
}

const LONGFORMER = `/** Longformer: *windows* and global tokens. */
pattern long<|>former(size = 512, tokens = [0]) = win<|>dow(si<|>ze) | global(tokens)
const wide = 2 * 12<|>8
model Base {
  tok<|>ens = 4096
  attention = longf<|>ormer(512)
}
model Other { tokens = 64 attention = window(wi<|>de, dil<|>ation: 2) & longformer(8) }
`;

describe('hover', () => {
  test('on a call of a pattern: its documentation and exact cost at the tokens of its model', async () => {
    const all = await hovers(LONGFORMER);
    const call = all[5] ?? '';
    const node = await pattern('pattern longformer(size = 512, tokens = [0]) = window(size) | global(tokens)');
    const { pairs } = statistics(node, squareShape(4096));
    expect(call).toContain('Longformer: *windows* and global tokens.');
    expect(call).toContain('pattern longformer(size: number = 512, tokens: positions = [0])');
    expect(call).toContain(`**${pairs.toLocaleString('en-US')} pairs** of 16,777,216`);
    expect(call).toContain('density **12.2%**');
    expect(call).toContain('O(n * (size + tokens))');
    expect(call).toContain('at 4,096 tokens (Base)');
  });

  test('on a declaration: the same, at the first model that uses it', async () => {
    const [declaration] = await hovers(LONGFORMER);
    expect(declaration).toContain('Longformer: *windows*');
    expect(declaration).toContain('at 4,096 tokens (Base)');
  });

  test('on a primitive: everything the registry says, and its cost with the values around it', async () => {
    const [, primitive] = await hovers(LONGFORMER);
    expect(primitive).toContain('window(size?: number, dilation: number = 1');
    expect(primitive).toContain('abs(i - j) <= floor(size / 2) * dilation');
    expect(primitive).toContain('Beltagy et al.');
    expect(primitive).toContain('**2,035,456 pairs**');
  });

  test('on parameters, constants, properties and named arguments', async () => {
    const all = await hovers(LONGFORMER);
    expect(all[2]).toContain('size: number = 512');
    expect(all[2]).toContain('Parameter of `longformer`');
    expect(all[4]).toContain('Length of the sequence');
    expect(all[6]).toContain('const wide = 2 * 128');
    expect(all[6]).toContain('= 256');
    expect(all[7]).toContain('Distance between neighbouring keys');
  });

  test('a pattern that no model uses is looked at with 4096 tokens, others with those of their model', async () => {
    const [alone, used] = await hovers(
      'pattern a<|> = causal()\npattern b<|> = causal()\nmodel M { tokens = 100 attention = b }',
    );
    expect(alone).toContain('at 4,096 tokens');
    expect(used).toContain('**5,050 pairs** of 10,000');
    expect(used).toContain('at 100 tokens (M)');
  });

  test('inside blocked the cost is that of the blocks', async () => {
    const [inner, outer] = await hovers('model M { tokens = 640 attention = blocked(64, cau<|>sal()) | cau<|>sal() }');
    expect(inner).toContain('**55 pairs** of 100');
    expect(inner).toContain('at 10 blocks');
    expect(outer).toContain('at 640 tokens');
  });

  test('queries that are fewer than the keys are counted', async () => {
    const [call] = await hovers('model M { tokens = 100 queries = 1 attention = cau<|>sal() }');
    expect(call).toContain('**100 pairs** of 100');
    expect(call).toContain('one query');
  });

  test('names of the language and variables of where', async () => {
    const [n, i, floor, head, where] = await hovers(
      'model M { tokens = 99 heads = 4 attention heads [1..4] = wh<|>ere (a, b) => a<|> + n<|> > flo<|>or(b / he<|>ad) attention heads [0] = full() }',
    ).then(([first, ...rest]) => [rest[1], rest[0], rest[2], rest[3], first]);
    expect(n).toContain('= 99');
    expect(i).toContain('position of the query');
    expect(floor).toContain('not above');
    expect(head).toContain('= 1');
    expect(where).toContain('all pairs of query');
  });

  test('on a model: its sizes and the cost of every rule', async () => {
    const [model] = await hovers(
      '/** Tiny. */\nmodel Ti<|>ny { tokens = 64 layers = 2 heads = 4 dim = 64 attention = full() attention heads [0] = diagonal() }',
    );
    expect(model).toContain('Tiny.');
    expect(model).toContain('64 tokens, 2 layers, 4 heads, head_dim 16');
    expect(model).toContain('`attention = full()`: 4,096 pairs, density 100%');
    expect(model).toContain('`attention heads [0] = diagonal()`: 64 pairs, density 1.56%');
  });

  test('patterns with mistakes or without values still show what they are', async () => {
    const [broken, required, unknown, comment] = await hovers(
      '/** d */\npattern a<|>(x = -3) = window(x)\n/** r */\npattern b<|>(x) = window(x)\npattern c = wi<|>ndw(3) // so<|>me',
    );
    expect(broken).toContain('pattern a(x: number = -3)');
    expect(broken).not.toContain('pairs');
    expect(required).toContain('pattern b(x: number)');
    expect(unknown).toBe('');
    expect(comment).toBe('');
  });

  test('what cannot be counted in time says so and stays quick', async () => {
    const text = 'model M { tokens = 4Mi attention = ran<|>dom(64) & (where (i, j) => (i * j) % 7919 == 3) }';
    await hovers(text);
    const start = performance.now();
    const [call] = await hovers(
      'model M { tokens = 4Mi attention = p<|>() }\npattern p = random(64) & (where (i, j) => (i * j) % 7919 == 3)',
    );
    // Hours, if it were counted.
    expect(performance.now() - start).toBeLessThan(30_000);
    expect(call).toContain('Counting the pairs takes longer');
  });

  test('a condition that repeats nowhere is estimated with a bound, for whoever points there again', async () => {
    const text = 'pattern p = where (i, j) => (i * j) % 7919 == 3\nmodel M { tokens = 1Mi attention = p<|>() }';
    const { services, document, marks } = await openDocument(text);
    const [position] = marks;
    const params = { textDocument: { uri: document.uri.toString() }, position: position! };
    const said = async (): Promise<string> => {
      const hover = await services.sparse.lsp.HoverProvider?.getHoverContent(document, params);
      return (hover?.contents as MarkupContent | undefined)?.value ?? '';
    };
    await vi.waitFor(async () => expect(await said()).toMatch(/\*\*≈ [\d,]+ ± [\d,]+ pairs\*\* of 1,099,511,627,776/), {
      timeout: 60_000,
      interval: 300,
    });
    expect(await said()).toContain('estimated from a sample');
  }, 70_000);
});

describe('pictures', () => {
  /** The colours of the pixels in the middle of each of `cells` x `cells` cells: alpha, or 0. */
  function alphas(hover: string, cells: number): number[][] {
    const base64 = /!\[mask of [^\]]*\]\(data:image\/png;base64,([^)]*)\)/.exec(hover)?.[1];
    if (base64 === undefined) throw new Error(`no picture in ${hover}`);
    const file = Buffer.from(base64, 'base64');
    const [width, height] = [file.readUInt32BE(16), file.readUInt32BE(20)];
    const rows = inflateSync(file.subarray(41, 41 + file.readUInt32BE(33)));
    const at = (x: number, y: number): number => rows[y * (4 * width + 1) + 1 + 4 * x + 3] ?? -1;
    return Array.from({ length: cells }, (_, row) =>
      Array.from({ length: cells }, (_, column) =>
        at(
          1 + Math.floor(((column + 0.5) * (width - 2)) / cells),
          1 + Math.floor(((row + 0.5) * (height - 2)) / cells),
        ),
      ),
    );
  }

  test('of a few tokens every cell', async () => {
    const [call] = await hovers('model M { tokens = 5 attention = sli<|>ding(2) }');
    expect(alphas(call ?? '', 5)).toEqual([
      [255, 0, 0, 0, 0],
      [255, 255, 0, 0, 0],
      [0, 255, 255, 0, 0],
      [0, 0, 255, 255, 0],
      [0, 0, 0, 255, 255],
    ]);
  });

  test('of many tokens their density', async () => {
    const [call] = await hovers('model M { tokens = 131072 attention = bl<|>ock(32768) }');
    expect(alphas(call ?? '', 4)).toEqual([
      [255, 0, 0, 0],
      [0, 255, 0, 0],
      [0, 0, 255, 0],
      [0, 0, 0, 255],
    ]);
  });

  test('beside declarations, calls and the rules of a model, with what a causal model takes away', async () => {
    const all = await hovers(
      'pattern a<|> = full()\npattern b = whe<|>re (i, j) => i == j\nmodel M<|> { tokens = 4 causal = true attention = a<|> | b }',
    );
    const lit = all.map(
      hover =>
        alphas(hover, 4)
          .flat()
          .filter(alpha => alpha > 0).length,
    );
    expect(lit).toEqual([16, 4, 10, 16]);
  });

  test.each([
    ['keys chosen by content', 'pattern a = to<|>pk(8)'],
    ['one query', 'model M { tokens = 4096 queries = 1 attention = cau<|>sal() }'],
    ['numbers', 'const c<|> = 3'],
    ['what takes long', 'model M { tokens = 4Mi attention = ran<|>dom(64) & (where (i, j) => (i * j) % 7919 == 3) }'],
  ])('not of %s', async (_, text) => {
    const [hover] = await hovers(text);
    expect(hover).not.toContain('![');
    expect(hover).not.toBe('');
  });

  test('can be switched off', async () => {
    const text = 'model M<|> { tokens = 64 attention = cau<|>sal() }';
    for (const hover of await hovers(text)) expect(hover).toContain('![mask of 64 queries and 64 keys]');
    for (const hover of await hovers(text, { hover: { picture: false } })) expect(hover).not.toContain('![');
  });

  test('are small enough to travel', async () => {
    const [noise] = await hovers('model M { tokens = 4096 attention = ran<|>dom(256) }');
    expect(noise?.length).toBeLessThan(60_000);
  });
});

describe('what a model costs', () => {
  test('in a layer and in all, against full attention', async () => {
    const [model] = await hovers(
      'model Ti<|>ny { tokens = 64 layers = 2 heads = 4 dim = 64 attention = full() attention heads [0] = diagonal() }',
    );
    // 3 heads of 64 x 64 pairs and one of 64; 4 x 16 operations and 2 bytes for each.
    expect(model).toContain('| | a layer | 2 layers | full, a layer | full, 2 layers |');
    expect(model).toContain('| FLOPs of scores and values | 791 K | 1.58 M | 1.05 M | 2.1 M |');
    expect(model).toContain('| Memory of all scores | 24.1 KiB | 48.3 KiB | 32 KiB | 64 KiB |');
    expect(model).not.toContain('KV cache');
    expect(model).toContain('f16.');
  });

  test('layers that differ, and the cache of those that never look ahead', async () => {
    const [model] = await hovers(
      'model M<|> { tokens = 1024 layers = 2 heads = 2 kv_heads = 1 head_dim = 32 dtype = f32 attention = causal() attention layers [1] = sliding(64) }',
    );
    expect(model).toContain('full causal, a layer');
    // 2 x 1024 keys x 32 numbers of 4 bytes; of the window only 64 keys.
    expect(model).toContain('| KV cache | 16 KiB to 256 KiB | 272 KiB | 256 KiB | 512 KiB |');
  });

  test('one layer has one column; what is assumed or at most is said', async () => {
    const [plain, dynamic] = await hovers(
      'model A<|> { tokens = 64 attention = full() }\nmodel B<|> { tokens = 64 head_dim = 8 attention = topk(4) }',
    );
    expect(plain).toContain('| | sparse | full |');
    expect(plain).toContain('head_dim 64 assumed');
    expect(dynamic).toContain('| FLOPs of scores and values | ≤ 8.19 K |');
    expect(dynamic).toContain('keys are chosen by content: at most');
  });

  test.each([
    ['topk(4)', 4 * 64],
    ['topk(4, within: window(3))', 64 * 3 - 2],
    ['threshold(0.9, within: causal())', 32 * 65],
    ['block_topk(8, 2)', 16 * 64],
    ['lsh(8, rounds: 2, within: sliding(5))', 5 * 64 - 10],
    ['routing(4, top: 10)', 400],
    ['routing(4) & causal()', 32 * 65],
    ['vertical_slash(2, 3)', 5 * 64],
    ['topk(4) | sliding(2)', 4 * 64 + 127],
    ['topk(4) & topk(9) - routing(3)', 4 * 64],
    ['transpose(topk(4)) & causal()', 4 * 64],
    ['symmetric(topk(4))', 8 * 64],
    ['!topk(4)', 64 * 64],
  ])('%s has at most %i pairs of 64 tokens, whatever the content', async (expression, most) => {
    const [hover] = await hovers(`model M { tokens = 64 attention = cho<|>sen }\npattern chosen = ${expression}`);
    expect(hover).toContain(`At most **${most.toLocaleString('en-US')} pairs** of 4,096`);
  });

  test('nothing of a model with mistakes, or without a rule', async () => {
    for (const hover of await hovers('model A<|> { tokens = 0 attention = full() }\nmodel B<|> { tokens = 8 }'))
      expect(hover).not.toContain('FLOPs');
  });
});

test('what takes long is prepared in a pause: the first hover over a heavy model has its picture and its costs', async () => {
  // A mask of its own for each head of each layer: more work than fits into one go.
  const { services, document, marks } = await openDocument(`import { bigbird } from "sparse:bigbird"
model He<|>avy { tokens = 4096 layers = 12 heads = 12 dim = 768 attention = bigbird() }
`);
  const idle = new Idle();
  const { ConfigurationProvider: configuration } = services.shared.workspace;
  const provider = new SparseHoverProvider(new Counter(idle), new Analyses(idle), configuration, idle);
  const found = new Promise<void>(resolve => idle.onFound(resolve));
  const later = vi.spyOn(idle, 'add');
  provider.prepare(document);
  // Nothing is done at once, or there would be nothing left.
  expect(later).toHaveBeenCalled();
  await found;
  const hover = provider.getHoverContent(document, {
    textDocument: { uri: document.uri.toString() },
    position: marks[0]!,
  });
  const value = (hover?.contents as MarkupContent | undefined)?.value;
  expect(value).toMatch(/`attention = bigbird\(\)`: [\d,]+ pairs/);
  expect(value).toContain('data:image/png;base64,');
  expect(value).toContain('| FLOPs of scores and values |');
});
