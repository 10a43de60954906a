import type { ToPage } from '../preview/messages.ts';
import { comparedWith } from './compare/compared-with.ts';
import { stillAdjusted } from './parameters/adjust.ts';
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
        runsInHost: message.runsInHost,
      };
    case 'model': {
      const { model } = message;
      // An edit that changes nothing of this declaration draws and counts nothing again.
      const adjustables = sameOr(state.adjustables, message.adjustables);
      if (JSON.stringify(state.model) === JSON.stringify(model))
        return { stale: null, adjustables, adjustments: stillAdjusted(state.adjustments, adjustables) };
      // Another pattern brings its own length and parts; an edit of the same one keeps what the user picked.
      if (state.model?.name !== model.name)
        return { stale: null, model, adjustables, adjustments: {}, tokens: null, hidden: [], cell: null };
      return { stale: null, model, adjustables, adjustments: stillAdjusted(state.adjustments, adjustables) };
    }
    case 'other': {
      const { uri, name, model, problem } = message;
      return { compared: comparedWith(state.compared, { uri, name, model, problem }) };
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
    case 'modelAt':
      return { modelAt: message.at };
    case 'hostRun':
      return { hostRun: message.event };
    case 'run':
      return { runsAsked: state.runsAsked + 1 };
    case 'section': {
      const { id } = message;
      return { sectionAsked: { id }, folded: state.folded.filter(each => each !== id) };
    }
  }
}

/** The former of two that say the same. */
function sameOr<T>(before: T, now: T): T {
  return JSON.stringify(before) === JSON.stringify(now) ? before : now;
}
