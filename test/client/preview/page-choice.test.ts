import { beforeEach, expect, test } from 'vitest';
import { ShownDeclaration } from '../../../client/preview/follow.ts';
import type { ToPage } from '../../../client/preview/messages.ts';
import { PageChoice } from '../../../client/preview/page-choice.ts';

const FILE = 'file:///a.sparse';
let shown: ShownDeclaration;
let posted: ToPage[];
let page: PageChoice;

const chosen = (name: string | null, uri = FILE) => ({ uri, name, tokens: 64, adjustments: { '0:size': 7 } });

beforeEach(() => {
  shown = new ShownDeclaration(FILE, 'a', null);
  posted = [];
  page = new PageChoice(shown, message => posted.push(message));
});

test('a page that was never there shows what it is sent, and one that comes back what it kept', () => {
  page.begin(null);
  expect([page.isAsWanted(), page.tokens, page.adjustments]).toEqual([true, null, {}]);
  page.begin(chosen('a'));
  expect([page.isAsWanted(), page.tokens, page.adjustments]).toEqual([true, 64, { '0:size': 7 }]);
  page.begin(chosen('b'));
  expect(page.isAsWanted()).toBe(false);
  expect(posted).toEqual([{ type: 'show', uri: FILE, name: 'a' }]);
});

test('it is asked once, until it has come to what is wanted last', () => {
  page.begin(null);
  shown.choose('b');
  expect([page.isAsWanted(), page.isAsWanted(), page.isAsked]).toEqual([false, false, true]);
  shown.enter('file:///b.sparse');
  expect(page.isAsWanted()).toBe(false);
  expect(posted).toEqual([
    { type: 'show', uri: FILE, name: 'b' },
    { type: 'show', uri: 'file:///b.sparse', name: null },
  ]);
  // The answer to the first question comes late.
  page.select(chosen('b'));
  expect([page.isAsWanted(), page.isAsked]).toEqual([false, true]);
  page.select(chosen(null, 'file:///b.sparse'));
  expect([page.isAsWanted(), page.isAsked, posted.length]).toEqual([true, false, 2]);
});

test('a rename is told where the page shows what has another name now', () => {
  page.begin(null);
  shown.choose('first');
  page.tellRename('other');
  expect(posted).toEqual([]);
  page.tellRename('a');
  expect(posted).toEqual([{ type: 'renamed', uri: FILE, from: 'a', to: 'first' }]);
  expect(page.isAsWanted()).toBe(true);
});

test('the same values are no change', () => {
  expect([page.adjust({ x: 1 }), page.adjust({ x: 1 }), page.adjust({})]).toEqual([true, false, true]);
});
