import { AstUtils } from 'langium';
import type { Expression, File } from './generated/ast.ts';
import { type Place, placeOf, textOf } from './source.ts';

/** A stretch of a file and what is to stand there. */
export interface Replacement extends Place {
  readonly text: string;
}

/**
 * What to write so that these operands are gone: a union keeps its other operands, what is left of an intersection or
 * difference whose parts are all gone is gone too, and where a pattern must stand, `none()` does. One replacement for each
 * expression that changes; none where nothing stands at the places.
 */
export function withoutOperands(file: File, operands: readonly Place[]): readonly Replacement[] {
  const gone = new Set(operands.map(nameOf));
  return file.declarations.flatMap(declaration => {
    const expressions =
      declaration.$type === 'PatternDeclaration'
        ? [declaration.body]
        : AstUtils.streamContents(declaration)
            .toArray()
            .flatMap(node => (node.$type === 'AttentionRule' && 'pattern' in node ? [node.pattern as Expression] : []));
    return expressions.flatMap(expression => {
      const place = placeOf(expression);
      const text = rest(expression, gone) ?? 'none()';
      return place === undefined || text === textOf(expression) ? [] : [{ ...place, text }];
    });
  });
}

/** The text of an expression without what is gone; undefined when nothing is left. */
function rest(expression: Expression, gone: ReadonlySet<string>): string | undefined {
  const place = placeOf(expression);
  if (place !== undefined && gone.has(nameOf(place))) return undefined;
  switch (expression.$type) {
    case 'Group':
      return put(expression, [[expression.of, rest(expression.of, gone)]]);
    case 'Binary': {
      const left = rest(expression.left, gone);
      const right = rest(expression.right, gone);
      if (left !== undefined && right !== undefined)
        return put(expression, [
          [expression.left, left],
          [expression.right, right],
        ]);
      return expression.operator === '|' || (expression.operator === '-' && left !== undefined)
        ? (left ?? right)
        : undefined;
    }
    case 'Unary':
      return put(expression, [[expression.operand, rest(expression.operand, gone)]]);
    case 'Choice':
      return put(expression, [
        [expression.then, rest(expression.then, gone) ?? 'none()'],
        [expression.otherwise, rest(expression.otherwise, gone) ?? 'none()'],
      ]);
    case 'Reference':
      return put(
        expression,
        expression.arguments.map(({ value }) => [value, rest(value, gone) ?? 'none()']),
      );
    default:
      return textOf(expression);
  }
}

/** The text of an expression with other texts in the place of some of its parts, in their order. */
function put(
  expression: Expression,
  parts: readonly (readonly [Expression, string | undefined])[],
): string | undefined {
  const whole = placeOf(expression);
  const source = textOf(expression);
  if (whole === undefined) return source;
  let text = '';
  let at = 0;
  for (const [part, replaced] of parts) {
    const place = placeOf(part);
    if (replaced === undefined) return undefined;
    if (place === undefined) return source;
    text += source.slice(at, place.start - whole.start) + replaced;
    at = place.end - whole.start;
  }
  return text + source.slice(at);
}

function nameOf({ start, end }: Place): string {
  return `${start},${end}`;
}
