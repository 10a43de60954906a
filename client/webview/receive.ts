import type { ToPage } from '../preview/messages.ts';
import type { State } from './state.ts';

/** What a message of the extension changes. */
export function received(message: ToPage, state: State): Partial<State> {
  switch (message.type) {
    case 'file':
      return {
        uri: message.uri,
        choices: message.choices,
        name: message.selected,
        defaultTokens: message.defaultTokens,
        renderer: message.renderer,
      };
    case 'model': {
      const { model } = message;
      // An edit that changes nothing of this declaration draws and counts nothing again.
      if (JSON.stringify(state.model) === JSON.stringify(model)) return { stale: null };
      // Another pattern brings its own length and parts; an edit of the same one keeps what the user picked.
      const another = state.model?.name !== model.name;
      return { stale: null, model, ...(another && { tokens: null, hidden: [], cell: null }) };
    }
    case 'stale':
      return { stale: { message: message.message, line: message.line } };
    case 'caret':
      return { caret: message.offset };
    case 'tensors':
      return { tensors: message.file, tensorsProblem: null };
    case 'noTensors':
      return { tensors: null, tensorsProblem: message.problem };
    case 'languageModel':
      return { languageModel: message.files, languageModelProblem: null };
    case 'noLanguageModel':
      return { languageModel: null, languageModelProblem: message.problem };
    case 'run':
      return { runsAsked: state.runsAsked + 1 };
  }
}
