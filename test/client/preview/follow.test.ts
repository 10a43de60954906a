import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type Followed,
  followed,
  NOTHING_CHOSEN,
  type Place,
  ShownDeclaration,
} from '../../../client/preview/follow.ts';
import type { PreviewLock } from '../../../client/preview/messages.ts';
import { movedUri } from '../../../client/preview/moved-uri.ts';
import type { DeclarationInfo } from '../../../server/protocol.ts';

/** Declarations of one line each, from line 0 on, with an empty line behind each; a `-` before a name: it cannot be shown. */
function file(names: string, errors = 0) {
  const declarations = names.split(' ').flatMap((name, index): DeclarationInfo[] => {
    if (name === '') return [];
    const start = { line: 2 * index, character: 0 };
    const range = { start, end: { line: 2 * index, character: 20 } };
    const problem = name.startsWith('-') ? 'It needs a parameter.' : null;
    return [{ name: name.replace('-', ''), kind: 'pattern', range, nameRange: range, problem }];
  });
  return { declarations, errors, version: 1 };
}

const at = (index: number): Place => ({ line: 2 * index, character: 5 });
const BETWEEN: Place = { line: 1, character: 0 };

describe('which declaration is shown', () => {
  const shown = (name: string | null, caretIn: Followed['caretIn']): Followed => ({ name, caretIn });

  it('is the one at the caret, or the first that can be shown, when nothing was chosen', () => {
    expect(followed(NOTHING_CHOSEN, file('a b'), null, at(1))).toEqual(shown('b', 'b'));
    expect(followed(NOTHING_CHOSEN, file('-a b'), null, BETWEEN)).toEqual(shown('b', null));
    expect(followed(NOTHING_CHOSEN, file('-a b'), null, null)).toEqual(shown('b', undefined));
    expect(followed(NOTHING_CHOSEN, file('-a'), null, null)).toEqual(shown('a', undefined));
    expect(followed(NOTHING_CHOSEN, file(''), null, BETWEEN)).toEqual(shown(null, null));
  });

  it('changes when the caret enters another one, and not before', () => {
    expect(followed(shown('a', 'a'), file('a b'), null, at(1))).toEqual(shown('b', 'b'));
    expect(followed(shown('a', 'a'), file('a b'), null, at(0))).toEqual(shown('a', 'a'));
    // Out of it and back in is no other one.
    const outside = followed(shown('b', 'a'), file('a b'), null, BETWEEN);
    expect(outside).toEqual(shown('b', 'a'));
    expect(followed(outside, file('a b'), null, at(0))).toEqual(shown('b', 'a'));
    expect(followed(outside, file('a b c'), null, at(2))).toEqual(shown('c', 'c'));
  });

  it('stays where the caret is when somebody looks for the first time', () => {
    expect(followed(shown('b', undefined), file('a b'), null, at(0))).toEqual(shown('b', 'a'));
    expect(followed(shown('b', undefined), file('a b'), null, BETWEEN)).toEqual(shown('b', null));
    expect(followed(shown('b', null), file('a b'), null, at(0))).toEqual(shown('a', 'a'));
  });

  it('stays when the caret enters one that cannot be shown', () => {
    expect(followed(shown('a', 'a'), file('a -b'), null, at(1))).toEqual(shown('a', 'a'));
  });

  it('stays when another file is the active one, and forgets nothing', () => {
    for (const caretIn of ['a', null, undefined])
      expect(followed(shown('b', caretIn), file('a b'), null, null)).toEqual(shown('b', caretIn));
  });

  it('stays in a locked preview', () => {
    for (const lock of ['file', 'pattern'] as const)
      expect(followed(shown('a', 'a'), file('a b'), lock, at(1)).name).toBe('a');
  });

  it('that is gone gives way to what stands there now, unless the file is broken or the preview keeps to it', () => {
    expect(followed(shown('x', undefined), file('-a b'), null, null).name).toBe('b');
    expect(followed(shown('x', null), file('a b'), 'file', at(1)).name).toBe('a');
    expect(followed(shown('x', undefined), file('a b', 1), null, null).name).toBe('x');
    expect(followed(shown('x', undefined), file('a b'), 'pattern', null).name).toBe('x');
    expect(followed(shown('x', undefined), file(''), null, null).name).toBe('x');
  });

  it('that was chosen by hand stays when the one around the caret gets another name', () => {
    expect(followed(shown('b', 'a'), file('aa b'), null, at(0))).toEqual(shown('b', 'aa'));
    expect(followed(shown('a', 'a'), file('aa b'), null, at(0))).toEqual(shown('aa', 'aa'));
  });
});

describe('what a preview shows', () => {
  it('comes back with the file, unless the caret is elsewhere by then', () => {
    const shown = new ShownDeclaration('file:///1.sparse', null, null);
    shown.declare(file('a b'), at(0));
    shown.pick('b');
    shown.enter('file:///2.sparse');
    expect(shown.name).toBeNull();
    shown.declare(file('c d'), at(1));
    expect(shown.name).toBe('d');
    shown.enter('file:///1.sparse');
    shown.declare(file('a b'), at(0));
    expect(shown.name).toBe('b');
    shown.enter('file:///2.sparse');
    shown.declare(file('c d'), at(0));
    expect(shown.name).toBe('c');
  });

  it('is what was asked for, wherever the caret is', () => {
    const shown = new ShownDeclaration('file:///1.sparse', 'a', null);
    shown.declare(file('a b c'), at(0));
    shown.choose('c');
    shown.declare(file('a b c'), at(1));
    expect(shown.name).toBe('c');
    expect(shown.move(at(0))).toBe(true);
    expect(shown.name).toBe('a');
    expect(shown.move(at(0))).toBe(false);
  });

  it('has its new name after it was renamed, locked to it or not', () => {
    for (const lock of [null, 'file', 'pattern'] as const) {
      const shown = new ShownDeclaration('file:///1.sparse', 'b', lock);
      expect(shown.declare(file('a b c'), at(1))).toBeUndefined();
      expect(shown.declare(file('a bb c'), at(1))).toBe('b');
      expect(shown.name).toBe('bb');
      // While it has no name nothing is known of it.
      expect(shown.declare(file('a  c', 1), at(1))).toBeUndefined();
      expect(shown.name).toBe('bb');
      expect(shown.declare(file('a x c'), at(1))).toBe('bb');
      expect(shown.name).toBe('x');
      // Another one in the place of one that was deleted is another one.
      expect(shown.declare(file('a c'), BETWEEN)).toBeUndefined();
      expect(shown.name).toBe(lock === 'pattern' ? 'x' : 'a');
    }
  });

  it('goes along with a file that is given another place, before or after the editor does', () => {
    const shown = new ShownDeclaration('file:///f/1.sparse', 'b', 'file');
    shown.declare(file('a b'), null);
    shown.moved('file:///f', 'file:///g');
    expect([shown.uri, shown.name]).toEqual(['file:///g/1.sparse', 'b']);
    shown.enter('file:///g/2.sparse');
    shown.moved('file:///g/1.sparse', 'file:///g/2.sparse');
    expect([shown.uri, shown.name]).toEqual(['file:///g/2.sparse', 'b']);
  });

  it('is told by the title', () => {
    const title = (name: string | null, lock: PreviewLock, uri = 'file:///f/my%20own.sparse'): string =>
      new ShownDeclaration(uri, name, lock).title;
    expect(title('mine', null)).toBe('Preview mine');
    expect(title(null, null)).toBe('Preview my own.sparse');
    expect(title('mine', 'pattern')).toBe('[Preview] mine');
    expect(title('mine', 'file')).toBe('[Preview] my own.sparse: mine');
    expect(title(null, 'file', 'untitled:Untitled-1')).toBe('[Preview] Untitled-1');
    expect(title(null, null, 'file:///50%.sparse')).toBe('Preview 50%.sparse');
  });

  it('never changes in a locked preview as long as it is there, whatever the caret does', () => {
    const name = fc.constantFrom('a', 'b', '-c', 'd');
    const place = fc.option(fc.record({ line: fc.nat(8), character: fc.nat(25) }));
    const steps = fc.array(fc.record({ names: fc.uniqueArray(name), place, errors: fc.nat(1) }), { minLength: 1 });
    fc.assert(
      fc.property(steps, fc.constantFrom<PreviewLock>('file', 'pattern'), (all, lock) => {
        const shown = new ShownDeclaration('file:///1.sparse', 'a', lock);
        shown.declare(file('a'), null);
        for (const { names, place: caret, errors } of all) {
          const before = shown.name;
          const renamed = shown.declare(file(names.join(' '), errors), caret);
          const isThere = names.some(each => each.replace('-', '') === before);
          if (isThere || (lock === 'pattern' && renamed === undefined)) expect(shown.name).toBe(before);
        }
      }),
    );
  });

  it('remembers a bounded number of files', () => {
    const shown = new ShownDeclaration('file:///0.sparse', null, null);
    for (let index = 1; index <= 60; index++) {
      shown.declare(file('a b'), BETWEEN);
      shown.pick('b');
      shown.enter(`file:///${index}.sparse`);
    }
    shown.enter('file:///59.sparse');
    expect(shown.name).toBe('b');
    shown.enter('file:///1.sparse');
    expect(shown.name).toBeNull();
  });
});

it('a file has moved with its folder', () => {
  expect(movedUri('file:///a/b.sparse', 'file:///a', 'file:///c')).toBe('file:///c/b.sparse');
  expect(movedUri('file:///a/b.sparse', 'file:///a/b.sparse', 'file:///x.sparse')).toBe('file:///x.sparse');
  expect(movedUri('file:///ab.sparse', 'file:///a', 'file:///c')).toBeUndefined();
});
