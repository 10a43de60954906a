import * as vscode from 'vscode';
import { LowerRequest } from '../../server/protocol.ts';
import type { RestartableClient } from '../restartable-client.ts';
import type { ActiveEditor } from './active-editor.ts';
import { removeOperands, writeAdjustments } from './edit-source.ts';
import { openAsNewFile } from './insert-suggestion.ts';
import { pickLanguageModel } from './language-model-folder.ts';
import type { Chosen, ModelAt, ToHost, ToPage } from './messages.ts';
import type { SavePicture } from './save-picture.ts';
import { type PickedTensors, pickTensorFile, readTensorFile } from './tensor-file.ts';

/** What answers a page. */
export interface Answering {
  readonly client: RestartableClient;
  readonly editor: ActiveEditor;
  readonly savePicture: SavePicture;
  readonly post: (message: ToPage) => void;
}

/** Does what a page asks for that changes nothing of what it shows: files, edits, the clipboard. `shown`: what it shows. */
export function answerPage(message: ToHost, shown: Pick<Chosen, 'uri' | 'name'>, answering: Answering): void {
  const { client, editor, savePicture, post } = answering;
  const uri = vscode.Uri.parse(shown.uri);
  const tensors = (file: PickedTensors): void => {
    if (file !== null)
      post('problem' in file ? { type: 'noTensors', problem: file.problem } : { type: 'tensors', file });
  };
  const ended = (): void => post({ type: 'pickEnded' });
  switch (message.type) {
    case 'apply':
      if (shown.name !== null) void writeAdjustments(client, uri, shown.name, message.adjustments);
      break;
    case 'reveal':
      void editor.reveal(message.span, message.focus);
      break;
    case 'remove':
      void removeOperands(client, message.spans);
      break;
    case 'pickTensors':
      void pickTensorFile(uri).then(tensors).finally(ended);
      break;
    case 'readTensors':
      void readTensorFile(vscode.Uri.parse(message.uri)).then(tensors);
      break;
    case 'pickLanguageModel':
      void pickLanguageModel()
        .then(files => {
          if (files !== null)
            post('problem' in files ? { type: 'noLanguageModel', ...files } : { type: 'languageModel', files });
        })
        .finally(ended);
      break;
    case 'modelAt':
      void modelAt(client, message.of, message.tokens).then(at => post({ type: 'modelAt', at }));
      break;
    case 'copy':
      void vscode.env.clipboard.writeText(message.text);
      break;
    case 'openText':
      void openAsNewFile(message.text);
      break;
    case 'save':
      void savePicture(uri, message);
      break;
  }
}

/** A declaration at another length. */
async function modelAt(client: RestartableClient, of: Chosen, tokens: number): Promise<ModelAt> {
  const problem = (why: string): ModelAt => ({ tokens, model: null, problem: why });
  const { uri, name, adjustments } = of;
  if (name === null) return problem('This file declares no pattern yet.');
  try {
    const lowered = await client.sendRequest(LowerRequest, { uri, name, adjustments, tokens });
    if (lowered === null) return problem('The file is not open any more.');
    return lowered.ok ? { tokens, model: lowered.model } : problem(lowered.message);
  } catch (error) {
    return problem(`The language server did not answer: ${error instanceof Error ? error.message : String(error)}`);
  }
}
