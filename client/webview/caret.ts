import type { Part } from '../../runtime/draw/parts.ts';
import type { Pattern, Span } from '../../runtime/pattern/ir.ts';
import { chosen } from './mask-choice.ts';
import { shownOf } from './shown.ts';
import type { State } from './state.ts';

/** Indices of the parts that stand out: the one whose name is pointed at, or those at the editor's cursor; null: none does. */
export function partsStandingOut(state: State): readonly number[] | null {
  const { pointedPart, hidden } = state;
  const parts = shownOf(state)?.bound?.parts ?? [];
  const part = pointedPart === null ? undefined : parts[pointedPart];
  if (pointedPart === null || part === undefined || hidden.includes(part.label)) return partsAtCaret(state);
  return parts.length === 1 ? null : [pointedPart];
}

/**
 * Indices of the parts of the expression under the editor's cursor; null where it stands on none, or on all that is
 * shown.
 */
function partsAtCaret(state: State): readonly number[] | null {
  const shown = shownOf(state);
  const { caret, uri } = state;
  if (caret === null || uri === null || !shown?.bound) return null;
  return partsAt(chosen(shown.choice).pattern, shown.bound.parts, uri, caret);
}

/** The same of a pattern with these parts. */
function partsAt(pattern: Pattern, parts: readonly Part[], uri: string, offset: number): readonly number[] | null {
  const node = nodeAt(pattern, uri, offset);
  if (node === undefined) return null;
  const inside = new Set<string>();
  visit(node, ({ span }) => span !== undefined && inside.add(nameOf(span)));
  const found = parts.flatMap(({ span }, index) => (span !== undefined && inside.has(nameOf(span)) ? [index] : []));
  return found.length === 0 || found.length === parts.length ? null : found;
}

/** The smallest expression around a place of the source; the place behind its last character belongs to it too. */
function nodeAt(pattern: Pattern, uri: string, offset: number): Pattern | undefined {
  let best: Pattern | undefined;
  let size = Number.POSITIVE_INFINITY;
  visit(pattern, node => {
    const { span } = node;
    if (span?.uri !== uri || offset < span.start || offset > span.end || span.end - span.start >= size) return;
    best = node;
    size = span.end - span.start;
  });
  return best;
}

function visit(pattern: Pattern, call: (node: Pattern) => void): void {
  call(pattern);
  switch (pattern.kind) {
    case 'union':
    case 'intersection':
    case 'difference':
      visit(pattern.left, call);
      visit(pattern.right, call);
      break;
    case 'complement':
      visit(pattern.of, call);
      break;
    case 'choose':
      visit(pattern.then, call);
      visit(pattern.otherwise, call);
      break;
    case 'named':
      visit(pattern.pattern, call);
      break;
    case 'primitive':
      for (const argument of Object.values(pattern.args)) if (argument.type === 'pattern') visit(argument.value, call);
      break;
    case 'where':
      break;
  }
}

function nameOf({ uri, start, end }: Span): string {
  return `${uri}#${start},${end}`;
}
