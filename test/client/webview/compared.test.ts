import { describe, expect, it } from 'vitest';
import { comparedNames, differenceOf, otherOf } from '../../../client/webview/compare/compared.ts';
import { comparedWith } from '../../../client/webview/compare/compared-with.ts';
import { verdict } from '../../../client/webview/compare/comparison-section.ts';
import { comparisonOf } from '../../../client/webview/compare/drawn-mask.ts';
import { chooseSample } from '../../../client/webview/content/choose-sample.ts';
import { readout } from '../../../client/webview/readout.ts';
import { shownOf } from '../../../client/webview/shown.ts';
import { initialState, type State } from '../../../client/webview/state.ts';
import { createLanguage, NO_FILES } from '../../../server/language.ts';

const URI = 'file:///a.sparse';
const file = await createLanguage(NO_FILES).open(
  URI,
  `pattern p = sliding(4) | columns([0])
   pattern q = sliding(6)
   pattern chosen = topk(3)
   model M { tokens = 24 layers = 2 heads = 2 attention = sliding(2) attention heads [1] = window(4, dilation: head + 1) }
   model Decoding { tokens = 24 queries = 1 attention = causal() }`,
);

function comparing(first: string, second: string, more: Partial<State> = {}): State {
  const compared = { uri: URI, name: second, as: 'difference', model: file.lower(second), problem: null } as const;
  return { ...initialState(undefined), uri: URI, model: file.lower(first), tokens: 24, compared, ...more };
}

describe('a comparison', () => {
  it('lays the other mask over the one that is shown, the same object as long as both are the same', () => {
    const state = comparing('p', 'q');
    const other = otherOf(state);
    expect(other).toMatchObject({ problem: null, choice: { tokens: 24, layer: 0, head: 0 } });
    expect(otherOf({ ...state, pointed: { row: 1, column: 1 } })).toBe(other);
    const beside = otherOf({ ...state, compared: { ...state.compared!, as: 'side by side' } });
    expect(beside?.choice).toBe(other?.choice);
    expect(differenceOf(state)?.choice).toBe(other?.choice);
    expect(otherOf({ ...state, tokens: 25 })?.choice).toMatchObject({ tokens: 25 });
    expect(otherOf({ ...state, compared: null })).toBeNull();
  });

  it('has keys chosen for the other mask where content chooses, and asks once', async () => {
    const state = comparing('p', 'chosen');
    const waiting = otherOf(state)!;
    expect(waiting).toMatchObject({ bound: null, problem: null, needsContent: true });
    const { model, tokens, layer, head } = waiting.choice;
    const asked = { model, tokens, layer, head };
    const asking = { ...state, otherContent: { ...asked, found: null } };
    expect(otherOf(asking)).toMatchObject({ choice: waiting.choice, needsContent: true });
    expect(otherOf(asking)!.choice.model).toBe(model);
    const answer = await chooseSample(waiting.choice);
    const told = { ...state, otherContent: { ...asked, found: { answer } } };
    const other = otherOf(told)!;
    expect(other.bound).not.toBeNull();
    expect(otherOf({ ...told, pointed: { row: 0, column: 0 } })!.choice).toBe(other.choice);
    const { onlySecond, both } = comparisonOf(shownOf(told)!.choice, other.choice);
    expect(Number(onlySecond) + Number(both)).toBe(3 * 24);
    const failed = { ...state, otherContent: { ...asked, found: { problem: 'too long' } } };
    expect(otherOf(failed)).toMatchObject({ bound: null, problem: 'too long' });
  });

  it('takes the layer and head that are shown, each mask with its own names', () => {
    const state = comparing('M', 'q', { layer: 1, head: 1 });
    const other = otherOf(state)!;
    expect(other.choice).toMatchObject({ layer: 1, head: 1 });
    const { choice } = shownOf(state)!;
    // window(4, dilation: 2): 5 keys within 4 on each side; sliding(6): the last 6.
    let [onlyFirst, onlySecond, both] = [0, 0, 0];
    for (let i = 0; i < 24; i++)
      for (let j = 0; j < 24; j++) {
        const a = Math.abs(i - j) <= 4 && (i - j) % 2 === 0;
        const b = i - j >= 0 && i - j < 6;
        if (a && b) both++;
        else if (a) onlyFirst++;
        else if (b) onlySecond++;
      }
    expect(comparisonOf(choice, other.choice)).toMatchObject({ onlyFirst, onlySecond, both, relation: 'overlapping' });
    const other2 = otherOf(comparing('q', 'M', { head: 0 }))!;
    expect(other2.choice).toMatchObject({ layer: 0, head: 0 });
  });

  it('says why two masks cannot be laid over each other', () => {
    expect(otherOf(comparing('p', 'Decoding'))).toMatchObject({
      bound: null,
      problem: 'p and Decoding have other queries: 0 to 23 and 23 to 23.',
    });
    // A bare pattern takes the queries of the model.
    expect(otherOf(comparing('Decoding', 'p'))).toMatchObject({ problem: null });
    expect(differenceOf(comparing('p', 'Decoding'))).toBeNull();
  });

  it('follows hidden parts of what is shown, and tells the cell', () => {
    const state = comparing('p', 'q');
    const cell = (row: number, column: number): string => readout(state, { row, column });
    expect(cell(20, 20)).toBe('i = 20, j = 20: in both p and q');
    expect(cell(20, 0)).toBe('i = 20, j = 0: only in p');
    expect(cell(20, 15)).toBe('i = 20, j = 15: only in q');
    expect(cell(3, 20)).toBe('i = 3, j = 20: neither in p nor in q');
    const hidden = { ...state, hidden: ['columns([0])'] };
    expect(readout(hidden, { row: 20, column: 0 })).toBe('i = 20, j = 0: neither in p nor in q');
    expect(comparisonOf(shownOf(hidden)!.choice, otherOf(hidden)!.choice)).toMatchObject({ relation: 'contained' });
  });

  it('keeps the last good mask and the way of comparing while news come in', () => {
    const model = file.lower('q');
    const first = comparedWith(null, { uri: URI, name: 'q', model, problem: null });
    expect(first).toEqual({ uri: URI, name: 'q', as: 'difference', model, problem: null });
    expect(comparedWith(first, { uri: URI, name: 'q', model: structuredClone(model), problem: null })).toBe(first);
    const broken = comparedWith({ ...first, as: 'side by side' }, { uri: URI, name: 'q', model: null, problem: 'Oh.' });
    expect(broken).toMatchObject({ as: 'side by side', problem: 'Oh.' });
    expect(broken.model).toBe(model);
    const another = comparedWith(broken, { uri: URI, name: 'p', model: null, problem: 'Oh.' });
    expect(another).toMatchObject({ name: 'p', as: 'side by side', model: null });
  });

  it('names the two so that they can be told apart', () => {
    expect(comparedNames(comparing('p', 'q'))).toEqual(['p', 'q']);
    expect(comparedNames(comparing('p', 'p'))).toEqual(['p (tried out)', 'p (written)']);
    const elsewhere = comparing('p', 'p');
    const compared = { ...elsewhere.compared!, uri: 'file:///x/b.sparse' };
    expect(comparedNames({ ...elsewhere, compared })).toEqual(['p', 'p (b.sparse)']);
  });
});

describe('a verdict', () => {
  const relations = ['equal', 'contained', 'containing', 'disjoint', 'overlapping'] as const;
  it.each(relations)('is a sentence where masks are %s', relation => {
    const text = verdict('p', 'q', { relation, onlyFirst: 1, onlySecond: 2n ** 40n, both: 3, difference: undefined });
    expect(text).toMatch(/p.*q|q.*p/);
    if (relation === 'contained') expect(text).toBe('q holds all of p, and 1,099,511,627,776 pairs more.');
    if (relation === 'containing') expect(text).toBe('p holds all of q, and 1 pair more.');
  });
});
