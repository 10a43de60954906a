import { ExportMemory } from '../../../client/commands/export-choice.ts';
import { type ExportTools, exportMask } from '../../../client/commands/export-mask.ts';
import { workspacePlaces } from '../../../client/export/workspace-places.ts';
import { jobServer } from '../../../client/jobs/job.ts';
import { jobRunner } from '../../../client/jobs/run-job.ts';
import type { Previews } from '../../../client/preview/previews.ts';
import type { RestartableClient } from '../../../client/restartable-client.ts';
import { lowerNamed } from '../../../server/language.ts';
import type { Adjustments, LowerParams } from '../../../server/protocol.ts';
import { parsed } from '../../server/open-file.ts';
import { editor } from './export-editor.ts';

export const TEXT = `model M { tokens = 64 queries = n / 2 attention = causal() }
model F { tokens = 64 queries = 32 attention = full() }
model H { tokens = 64 heads = 4 kv_heads = 2 dim = 16 attention = sliding(5) attention heads [2, 3] = full() }`;
const client = {
  async sendRequest(_: unknown, { name, tokens, adjustments }: LowerParams) {
    const file = await parsed(editor.text);
    try {
      return { ok: true, version: 1, model: lowerNamed(file, name, tokens, adjustments) };
    } catch (error) {
      return { ok: false, version: 1, message: error instanceof Error ? error.message : '', range: null };
    }
  },
} as unknown as RestartableClient;

const runner = jobRunner(() => {
  const serve = jobServer();
  return { ask: async message => serve(message).outcome, stop: () => undefined };
});

const memento = {
  get: (key: string) => editor.kept[key],
  update: (key: string, value: unknown) => {
    editor.kept[key] = value;
    return Promise.resolve();
  },
} as unknown as ConstructorParameters<typeof ExportMemory>[0];
export const tools = (view?: object): ExportTools => ({
  previews: { showing: () => view && { view } } as unknown as Previews,
  client,
  ...runner,
  places: workspacePlaces,
  memory: new ExportMemory(memento),
});

/** Exports a model while its preview shows it at `tokens`. */
export const exported = (
  name: string,
  tokens: number,
  format: string,
  adjustments: Adjustments = {},
): Promise<void> => {
  editor.format = format;
  return exportMask({ uri: 'file:///folder/a.sparse', name }, tools({ name, tokens, layer: 0, head: 0, adjustments }));
};

/** Nothing was exported, and nobody said anything. */
export function startAgain(): void {
  editor.written.clear();
  editor.cancelled = false;
  editor.saveDialogs = 0;
  editor.writeProblem = '';
  editor.fixed = '';
  editor.text = TEXT;
  editor.choice = undefined;
  editor.commands.length = 0;
  editor.commandProblem = '';
  editor.answer = undefined;
  editor.place = '';
  editor.messages.length = 0;
  editor.progress.length = 0;
  editor.proposed.length = 0;
  editor.inWorkspace = true;
  editor.clipboard = '';
  editor.kept = {};
}
