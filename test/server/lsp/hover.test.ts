import { describe, expect, test } from 'vitest';
import type { MarkupContent } from 'vscode-languageserver-types';
import { statistics } from '../../../runtime/analyse/statistics.ts';
import { squareShape } from '../../../runtime/pattern/shape.ts';
import { pattern } from '../open-file.ts';
import { openDocument } from './open-document.ts';

/** What a hover at each mark says. */
async function hovers(marked: string): Promise<string[]> {
  const { services, document, marks } = await openDocument(marked);
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
    expect(performance.now() - start).toBeLessThan(2000);
    expect(call).toContain('Counting the pairs takes longer');
  });
});
