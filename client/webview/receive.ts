import type { ToPage } from '../preview/messages.ts';
import { comparedWith } from './compare/compared-with.ts';
import { stillAdjusted } from './parameters/adjust.ts';
import type { State } from './state.ts';
import { arrived, moveViews, switchTo } from './views.ts';

/** What a message of the extension changes. */
export function received(message: ToPage, state: State): Partial<State> {
  switch (message.type) {
    case 'file':
      return {
        ...switchTo(state, message.uri, message.selected),
        choices: message.choices,
        lock: message.lock,
        id: message.id,
        defaultTokens: message.defaultTokens,
        renderer: message.renderer,
        runsInHost: message.runsInHost,
      };
    case 'show':
      return switchTo(state, message.uri, message.name);
    case 'renamed':
      return state.uri === message.uri && state.name === message.from && state.next === null
        ? { name: message.to }
        : {};
    case 'moved':
      return moveViews(state, message.from, message.to);
    case 'model': {
      // Another one was chosen meanwhile.
      if (message.name !== state.name) return {};
      const { model } = message;
      // An edit that changes nothing of this declaration draws and counts nothing again.
      const adjustables = sameOr(state.adjustables, message.adjustables);
      const shown = arrived(state);
      const adjustments = stillAdjusted(shown.adjustments ?? state.adjustments, adjustables);
      const isKnown = state.next === null && JSON.stringify(state.model) === JSON.stringify(model);
      return { ...shown, stale: null, adjustables, adjustments, ...(!isKnown && { model }) };
    }
    case 'other': {
      const { uri, name, model, problem } = message;
      return { compared: comparedWith(state.compared, { uri, name, model, problem }) };
    }
    case 'stale':
      return { ...arrived(state), stale: { message: message.message, line: message.line } };
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
    case 'pickEnded':
      return { picksEnded: state.picksEnded + 1 };
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
