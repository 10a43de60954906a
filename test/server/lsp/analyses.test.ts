import { describe, expect, it } from 'vitest';
import type { MarkupContent } from 'vscode-languageserver-types';
import { modelFlow } from '../../../runtime/analyse/flow.ts';
import type { FlowReport } from '../../../runtime/analyse/flow-report.ts';
import { squareShape } from '../../../runtime/pattern/shape.ts';
import { Counter } from '../../../server/counting.ts';
import { Analyses } from '../../../server/lsp/analyses.ts';
import { flowText } from '../../../server/lsp/flow-text.ts';
import { SparseHoverProvider } from '../../../server/lsp/hover.ts';
import { Idle } from '../../../server/slow-answers.ts';
import { openFile } from '../open-file.ts';
import { openDocument } from './open-document.ts';

const STREAMING = 'pattern str<|>eaming = (window(1022) & causal()) | (columns([0..4]) & causal())\n';
const LAYERS = `model Lay<|>ers {
  tokens = 4096 layers = 12 heads = 4 dim = 64
  attention = sliding(1024)
  attention layers [5..12 step 6] = causal()
}
`;

/** What a hover at each mark says as soon as all of them say what they should; or after a while, where that is nothing. */
async function hovers(marked: string, wanted: RegExp | undefined, settings: object = {}): Promise<string[]> {
  const { services, document, marks } = await openDocument(marked);
  services.shared.workspace.ConfigurationProvider.updateConfiguration({ settings: { sparse: settings } });
  const { ConfigurationProvider: configuration } = services.shared.workspace;
  const idle = new Idle();
  const provider = new SparseHoverProvider(new Counter(idle), new Analyses(idle), configuration, idle);
  const ask = (): string[] =>
    marks.map(position => {
      const params = { textDocument: { uri: document.uri.toString() }, position };
      return (provider.getHoverContent(document, params)?.contents as MarkupContent | undefined)?.value ?? '';
    });
  if (wanted !== undefined)
    // What took too long on a busy machine rests for seconds.
    await expect.poll(() => ask().every(hover => wanted.test(hover)), { timeout: 30_000, interval: 250 }).toBe(true);
  else
    for (let k = 0; k < 2; k++) {
      ask();
      await new Promise(resolve => setTimeout(resolve, 250));
    }
  return ask();
}

describe('hover', () => {
  it('names the design of a pattern, and tells how information flows through layers of it', async () => {
    const [hover] = await hovers(STREAMING, /Design.*hears/s);
    expect(hover).toContain('Design: **StreamingLLM (recent 512, sinks 4)**');
    // The window looks back 511 positions: 4,095 takes 9 steps.
    expect(hover).toContain('Every query hears of every earlier key within 9 layers (diameter 9).');
  });

  it('names the schedule of the layers of a model, and how far these layers carry', async () => {
    const [hover] = await hovers(LAYERS, /Layers:.*hears/s);
    expect(hover).toContain('Layers: **Gemma 3: sliding(1024) x5, then causal(), repeated**');
    expect(hover).toMatch(/Every query hears of every earlier key after \d+ of 12 layers \(diameter 1\)\./);
  });

  it('says nothing that the text says itself', async () => {
    const [plain, called] = await hovers(
      'pattern pl<|>ain = window(8)\nmodel M { tokens = 512 attention = pla<|>in }\n',
      /hears/,
    );
    for (const hover of [plain, called]) expect(hover).not.toContain('Design');
    expect(plain).toContain('Every query hears of every key within 128 layers (diameter 128).');
  });

  it('waits for nothing: what is not known comes with the next hover', async () => {
    const { services, document, marks } = await openDocument(STREAMING);
    const idle = new Idle();
    const analyses = new Analyses(idle);
    const { ConfigurationProvider: configuration } = services.shared.workspace;
    const provider = new SparseHoverProvider(new Counter(idle), analyses, configuration, idle);
    const params = { textDocument: { uri: document.uri.toString() }, position: marks[0]! };
    const value = (): string =>
      (provider.getHoverContent(document, params)?.contents as MarkupContent | undefined)?.value ?? '';
    const before = process.cpuUsage();
    expect(value()).not.toMatch(/Design|hears/);
    const { user, system } = process.cpuUsage(before);
    expect((user + system) / 1000).toBeLessThan(200);
    // An edit drops what was left for later.
    idle.clear();
    await new Promise(resolve => setTimeout(resolve, 400));
    expect(value()).not.toMatch(/Design|hears/);
    await expect.poll(value, { timeout: 20_000, interval: 300 }).toMatch(/Design: .*\n\nEvery query/);
  });

  it('is left out when a setting says so', async () => {
    for (const hover of await hovers(STREAMING + LAYERS, undefined, { hover: { analysis: false } })) {
      expect(hover).not.toMatch(/Design|Layers:|hears/);
      expect(hover).toContain('pairs');
    }
  });

  it('of what is chosen by content or drawn on blocks is as it was', async () => {
    const [dynamic, inner] = await hovers(
      'pattern dyn<|>amic = topk(8)\nmodel M { tokens = 640 attention = blocked(64, win<|>dow(2) | causal()) }\n',
      undefined,
    );
    for (const hover of [dynamic, inner]) expect(hover).not.toMatch(/Design|hears/);
    expect(inner).toContain('at 10 blocks');
  });
});

describe('lens', () => {
  const titles = async (text: string, settings: object = {}): Promise<string[]> => {
    const { services, document } = await openDocument(text);
    services.shared.workspace.ConfigurationProvider.updateConfiguration({ settings: { sparse: settings } });
    const lenses = await services.sparse.lsp.CodeLensProvider?.provideCodeLens(document, {
      textDocument: { uri: document.uri.toString() },
    });
    return (lenses ?? []).map(({ command }) => command?.title ?? '');
  };
  const TEXT = `pattern mine = (window(1022) & causal()) | (columns([0..4]) & causal())
pattern plain = causal()
model All { tokens = 1024 layers = 4 attention = mine }
${LAYERS.replaceAll('<|>', '')}`;

  it('shows the name of a design, and of a schedule', async () => {
    const actions = ['Preview', 'Run', 'Export'];
    const density = expect.stringMatching(/^density .*% at [\d,]+ tokens$/);
    expect(await titles(TEXT)).toEqual([
      ...[...actions, 'StreamingLLM', density],
      ...[...actions, density],
      ...[...actions, 'StreamingLLM', density],
      ...[...actions, 'Gemma 3', density],
    ]);
  });

  it('can be switched off', async () => {
    const off = { codeLens: { actions: false, density: false } };
    expect(await titles(TEXT, off)).toEqual(['StreamingLLM', 'StreamingLLM', 'Gemma 3']);
    expect(await titles(TEXT, { codeLens: { actions: false, density: false, design: false } })).toEqual([]);
  });
});

it('keeps the designs of a long file: who asks for all of them again hears of all', async () => {
  const file = await openFile('pattern a = window(4) | global([0])');
  const { pattern } = file.lower('a').rules[0]!;
  const idle = new Idle();
  const analyses = new Analyses(idle);
  const families = (): Set<string | undefined> =>
    new Set(Array.from({ length: 270 }, (_, k) => analyses.designOf(pattern, squareShape(32 + k), 0)?.family));
  expect(families()).toEqual(new Set([undefined]));
  await expect.poll(families, { timeout: 30_000, interval: 300 }).toEqual(new Set(['Longformer']));
  let found = 0;
  idle.onFound(() => found++);
  families();
  await new Promise(resolve => setTimeout(resolve, 400));
  expect(found).toBe(0);
});

describe('flow in words', () => {
  const flow = async (text: string, tokens?: number): Promise<string | undefined> => {
    const file = await openFile(text);
    const name = file.declarations().at(-1)!.name;
    return flowText(modelFlow(file.lower(name), tokens));
  };

  it.each<[string, number | undefined, string]>([
    ['pattern a = full()', 64, 'Every query hears of every key within 1 layer (diameter 1).'],
    ['pattern a = window(2) | global([0])', 64, 'Every query hears of every key within 2 layers (diameter 2).'],
    [
      'pattern a = block(8)',
      64,
      'Not connected by any number of layers: query 8 never hears of key 0 (diameter of what is: 1).',
    ],
    [
      'pattern a = (window(2) - rows([3])) - columns([3])',
      8,
      'Not connected by any number of layers: query 3 never hears of key 0 (diameter of what is: 3). 1 position is isolated.',
    ],
    [
      'model M { tokens = 64 layers = 4 attention = sliding(32) }',
      undefined,
      'Every query hears of every earlier key after 3 of 4 layers (diameter 3).',
    ],
    [
      'model M { tokens = 64 layers = 1 attention = sliding(32) }',
      undefined,
      'Every query hears of every earlier key through enough layers (diameter 3), but this layer connects 74.6%.',
    ],
  ])('%s', async (text, tokens, expected) => expect(await flow(text, tokens)).toBe(expected));

  it('says bounds where they are all that is known, and nothing where nothing is', () => {
    const report: FlowReport = {
      ...{ tokens: 64, queries: 64, layers: null, reaches: 'all', share: 1, missing: null },
      ...{ hops: { least: 3, most: 9, exact: false }, full: null, byLayer: [], fields: [] },
      isolated: { count: 0, first: [] },
    };
    expect(flowText(report)).toBe('Every query hears of every key within 3 to 9 layers (diameter 3 to 9).');
    const open = { ...report, hops: { least: 3, most: Number.POSITIVE_INFINITY, exact: false } };
    expect(flowText(open)).toBe('Every query hears of every key within at least 3 layers (diameter at least 3).');
    expect(flowText({ ...report, layers: 12 })).toBe(
      'Every query hears of every key through enough layers (diameter 3 to 9).',
    );
    expect(flowText({ ...report, reaches: null })).toBeUndefined();
  });
});
