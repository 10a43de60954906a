import { type AstNode, AstUtils } from 'langium';
import { FUNCTION_NAMES } from '../../runtime/pattern/ir.ts';
import { primitives } from '../../runtime/pattern/primitives.ts';
import {
  type Binary,
  type Choice,
  type Expression,
  isArgument,
  isBinary,
  isModelDeclaration,
  isReference,
  type List,
  type Reference,
  type Unary,
  type Where,
} from '../generated/ast.ts';
import { FUNCTIONS, meaningOf, SHAPE_NAMES } from '../names.ts';
import { visibleFrom } from '../scope.ts';
import { type Place, placeOf, placeOfProperty, textOf } from '../source.ts';
import { argumentName, type Formal, formalsOf, operandTypes, type SparseType, TYPE_WORDS, typeOf } from '../types.ts';
import type { Details, Findings, Mend } from './finding.ts';
import { importing, type LibraryEntry, libraryEntries } from './importing.ts';
import { addingArguments, creating, naming, removingItem, replacing, respelling, unchaining } from './mends.ts';
import { suggestion } from './spelling.ts';
import { fits, typeHint, typeMend } from './type-fit.ts';

const COMPARISONS: ReadonlySet<string> = new Set(['<', '<=', '>', '>=', '==', '!=']);
const NUMERIC: ReadonlySet<string> = new Set(['+', '*', '/', '%']);
const PATTERN_OPERATOR: Readonly<Record<string, string>> = { '+': '|', '*': '&', '&&': '&', '||': '|' };

/** Checks names, calls and types of expressions. */
export class ExpressionChecker {
  readonly #findings: Findings;
  /** Names that the text declares somewhere, also in declarations that could not be read. */
  readonly #mentioned: ReadonlySet<string>;

  constructor(findings: Findings, mentioned: ReadonlySet<string>) {
    this.#findings = findings;
    this.#mentioned = mentioned;
  }

  /** `what` names the place that wants the type, for messages: "size of window". */
  check(expression: Expression | undefined, wanted: SparseType, what: string): void {
    if (expression === undefined) return;
    switch (expression.$type) {
      case 'Group':
        this.check(expression.of, wanted, what);
        return;
      case 'Reference':
        this.#reference(expression, wanted, what);
        return;
      case 'Unary':
        this.#unary(expression, wanted, what);
        return;
      case 'Binary':
        this.#binary(expression, wanted, what);
        return;
      case 'Power':
        this.#expect(expression, 'number', wanted, what);
        this.check(expression.base, 'number', '`**`');
        this.check(expression.exponent, 'number', '`**`');
        return;
      case 'Choice':
        this.#choice(expression, wanted, what);
        return;
      case 'Where':
        this.#where(expression, wanted, what);
        return;
      case 'List':
        this.#list(expression, wanted, what);
        return;
      default:
        if (expression.$type === 'NumberLiteral' && !Number.isFinite(expression.value)) {
          this.#findings.at(expression, 'number', 'this number is too large');
          return;
        }
        this.#expect(expression, typeOf(expression), wanted, what);
    }
  }

  /** Reports a type that does not fit; true when it does. */
  #expect(node: AstNode, actual: SparseType, wanted: SparseType, what: string, place?: Place): boolean {
    if (fits(actual, wanted)) return true;
    this.#findings.add(
      'wrong-type',
      `${what} takes ${TYPE_WORDS[wanted]}, not ${TYPE_WORDS[actual]}${typeHint(actual, wanted, node)}`,
      place ?? placeOf(node),
      typeMend(actual, wanted, node),
    );
    this.#namesOnly(node, 'unknown');
    return false;
  }

  #unary(expression: Unary, wanted: SparseType, what: string): void {
    if (expression.operator === '-') {
      if (typeOf(expression.operand) === 'pattern') {
        this.#findings.atProperty(
          expression,
          'operator',
          'wrong-operator',
          '`-` in front turns a number negative; write `!` for the complement of a pattern',
          { mends: [replacing(placeOfProperty(expression, 'operator'), '!', 'Change to `!`', true)] },
        );
        return;
      }
      this.#expect(expression, 'number', wanted, what);
      this.check(expression.operand, 'number', '`-`');
      return;
    }
    const pattern = wanted === 'pattern' || (wanted === 'unknown' && typeOf(expression.operand) === 'pattern');
    if (pattern) {
      this.check(expression.operand, 'pattern', '`!`');
      return;
    }
    if (this.#expect(expression, typeOf(expression), wanted, what)) this.check(expression.operand, 'condition', '`!`');
  }

  #binary(expression: Binary, wanted: SparseType, what: string): void {
    const { operator, left, right } = expression;
    if (this.#misused(expression, wanted)) {
      const type = [typeOf(left), typeOf(right)].includes('pattern') ? 'pattern' : 'unknown';
      this.#namesOnly(left, type);
      this.#namesOnly(right, type);
      return;
    }
    if (COMPARISONS.has(operator) && isBinary(left) && COMPARISONS.has(left.operator)) {
      // In `i > 1 & j > 2` the `&` binds first: it is what was mistaken.
      const mistaken = [left.right, right].find(
        side => isBinary(side) && (side.operator === '&' || side.operator === '|') && this.#misused(side, 'condition'),
      );
      this.#namesOnly(expression, 'number');
      if (mistaken !== undefined) return;
      this.#findings.at(
        expression,
        'chained-comparison',
        `comparisons do not chain: write a ${left.operator} b && b ${operator} c, or put one of them in parentheses`,
        { mends: [unchaining(expression)] },
      );
      return;
    }
    const [leftType, rightType] = operandTypes(operator, wanted, left, right);
    const own: SparseType =
      operator === '-'
        ? leftType
        : operator === '&' || operator === '|'
          ? 'pattern'
          : NUMERIC.has(operator)
            ? 'number'
            : 'bool';
    if (!this.#expect(expression, own, wanted, what)) return;
    this.check(left, leftType, `\`${operator}\``);
    this.check(right, rightType, `\`${operator}\``);
  }

  /** An operator of numbers between patterns, or the other way round, gets one message at the operator. */
  #misused(expression: Binary, wanted: SparseType): boolean {
    const { operator } = expression;
    const operands = (): SparseType[] => [typeOf(expression.left), typeOf(expression.right)];
    const better = PATTERN_OPERATOR[operator];
    if (operator === '&' || operator === '|') {
      if (wanted !== 'pattern' && !operands().includes('pattern')) {
        this.#findings.add(
          'wrong-operator',
          `\`${operator}\` combines patterns; write \`${operator}${operator}\` between conditions`,
          placeOfProperty(expression, 'operator'),
          operatorMend(expression, operator + operator),
        );
        return true;
      }
      return false;
    }
    if (operator === '-' || !operands().includes('pattern')) return false;
    this.#findings.add(
      'wrong-operator',
      better === undefined
        ? `\`${operator}\` works on numbers, not on patterns`
        : `\`${operator}\` does not combine patterns; write \`${better}\` for the ${better === '|' ? 'union' : 'intersection'}`,
      placeOfProperty(expression, 'operator'),
      better === undefined ? {} : operatorMend(expression, better),
    );
    return true;
  }

  #choice(expression: Choice, wanted: SparseType, what: string): void {
    this.check(expression.condition, 'condition', 'the condition before `?`');
    const type = wanted === 'unknown' ? typeOf(expression) : wanted === 'values' ? 'condition' : wanted;
    if (type === 'positions' || type === 'string') {
      this.#findings.at(
        expression,
        'wrong-type',
        `\`? :\` chooses between numbers or patterns; choose between two calls instead: c ? rows([0]) : rows([1])`,
      );
      return;
    }
    this.check(expression.then, type, what);
    this.check(expression.otherwise, type, what);
  }

  #where(expression: Where, wanted: SparseType, what: string): void {
    const { query, key } = expression as Partial<Where>;
    if (query?.name !== undefined && query.name === key?.name)
      this.#findings.at(key, 'duplicate-name', `the query and the key need different names, not both \`${key.name}\``);
    if (this.#expect(expression, 'pattern', wanted, what)) this.check(expression.condition, 'condition', '`where`');
  }

  #list(expression: List, wanted: SparseType, what: string): void {
    if (!this.#expect(expression, 'positions', wanted, what)) return;
    for (const item of expression.items) {
      if (wanted === 'values' && item.to === undefined) this.check(item.from, 'condition', 'a value');
      else this.check(item.from, 'number', wanted === 'values' ? 'a range' : 'a position');
      this.check(item.to, 'number', 'a range');
    }
  }

  #reference(reference: Reference, wanted: SparseType, what: string): void {
    const name = reference.target?.$refText;
    if (name === undefined || name === '') return;
    const meaning = meaningOf(reference);
    const target = placeOfProperty(reference, 'target');
    switch (meaning.kind) {
      case 'unknown':
        this.#unknown(reference, name, wanted, target);
        for (const argument of reference.arguments) this.#namesOnly(argument.value, 'unknown');
        return;
      case 'model':
        this.#findings.add('wrong-type', `\`${name}\` is a model; ${what} takes ${TYPE_WORDS[wanted]}`, target);
        return;
      case 'function':
        this.#function(reference, name, wanted, what, target);
        return;
      case 'primitive':
      case 'pattern':
        if (this.#expect(reference, 'pattern', wanted, what)) this.#arguments(reference, name, target);
        return;
      default: {
        const type = typeOf(reference);
        if (reference.call && (type !== 'pattern' || reference.arguments.length > 0)) {
          this.#findings.add(
            'not-callable',
            type === 'pattern'
              ? `\`${name}\` already has its arguments: write ${name} alone`
              : `\`${name}\` is ${meaning.kind === 'parameter' ? 'a parameter' : TYPE_WORDS[type]} and cannot be called`,
            target,
            { mends: [replacing(placeOf(reference), name, `Write ${name} alone`)] },
          );
          return;
        }
        this.#expect(reference, type, wanted, what);
      }
    }
  }

  #unknown(reference: Reference, name: string, wanted: SparseType, place: Place | undefined): void {
    if (this.#mentioned.has(name)) return;
    const declared = visibleFrom(reference).filter(node => !isModelDeclaration(node));
    const fitting =
      wanted === 'pattern' || reference.call
        ? [...declared.map(node => node.name), ...primitives.keys(), ...(wanted === 'pattern' ? [] : FUNCTION_NAMES)]
        : [...declared.map(node => node.name), ...Object.keys(SHAPE_NAMES), ...FUNCTION_NAMES, ...primitives.keys()];
    // People look for the length under the name that the model gives it.
    const length = name === 'tokens' && wanted !== 'pattern';
    const entry = libraryEntries().get(name);
    const wantsPattern = wanted === 'pattern';
    const more = length
      ? '; the number of tokens is `n`'
      : entry === undefined
        ? suggestion(name, fitting)
        : `; the standard library has it: import it from "${entry.path}"`;
    this.#findings.add('unknown-name', `there is no \`${name}\`${more}`, place, {
      mends: [
        entry === undefined ? undefined : importingMend(reference, entry),
        length
          ? replacing(place, 'n', 'Change to `n`', true)
          : entry === undefined
            ? respelling(name, fitting, place)
            : undefined,
        wantsPattern ? creating(reference, name) : undefined,
      ],
    });
  }

  /** Where nothing is known about types, or what is wrong with them has been said, names are still checked. */
  #namesOnly(expression: AstNode | undefined, wanted: SparseType): void {
    if (expression === undefined) return;
    for (const node of AstUtils.streamAst(expression)) {
      if (!isReference(node) || meaningOf(node).kind !== 'unknown') continue;
      const name = node.target?.$refText;
      if (name !== undefined && name !== '') this.#unknown(node, name, wanted, placeOfProperty(node, 'target'));
    }
  }

  #function(reference: Reference, name: string, wanted: SparseType, what: string, target: Place | undefined): void {
    const { call, most } = FUNCTIONS[name as keyof typeof FUNCTIONS];
    if (!this.#expect(reference, 'number', wanted, what)) return;
    if (!reference.call) {
      this.#findings.add('argument-missing', `${name} is a function: write ${call}`, target);
      return;
    }
    if (reference.arguments.length === 0) {
      this.#findings.add('argument-missing', `${name} needs a number: ${call}`, target);
      return;
    }
    for (const [index, argument] of reference.arguments.entries()) {
      if (argument.parameter !== undefined)
        this.#findings.atProperty(argument, 'parameter', 'argument-unknown', `${name} takes plain numbers: ${call}`, {
          mends: [replacing(placeOf(argument), textOf(argument.value), 'Leave out the name', true)],
        });
      else if (index >= most) {
        this.#findings.at(argument, 'argument-count', `${name} takes one number: ${call}`, {
          mends: [removingItem(reference.arguments, index)],
        });
        return;
      }
      this.check(argument.value, 'number', `\`${name}\``);
    }
  }

  #arguments(reference: Reference, name: string, target: Place | undefined): void {
    const formals = formalsOf(reference) ?? [];
    const given = new Set<string>();
    let named = false;
    for (const [index, argument] of reference.arguments.entries()) {
      if (!isArgument(argument)) continue;
      const label = argumentName(argument);
      const formal = label === undefined ? formals[index] : formals.find(candidate => candidate.name === label);
      if (label !== undefined) named = true;
      else if (named) {
        const meant = freeFormal(reference, formals, given, argument.value);
        this.#findings.at(argument, 'argument-order', 'arguments without a name come before those with one', {
          mends: [
            meant === undefined
              ? removingItem(reference.arguments, index)
              : naming(placeOf(argument.value), meant.name),
          ],
        });
        given.add(meant?.name ?? '');
        this.#namesOnly(argument.value, 'unknown');
        continue;
      }
      if (formal === undefined) {
        if (label === undefined)
          this.#findings.at(argument, 'argument-count', `${name} takes ${countOf(formals.length)}${listOf(formals)}`, {
            mends: [removingItem(reference.arguments, index)],
          });
        else
          this.#findings.atProperty(
            argument,
            'parameter',
            'argument-unknown',
            `${name} has no parameter \`${label}\`${
              suggestion(
                label,
                formals.map(each => each.name),
              ) || `; it takes ${listOf(formals).slice(2) || 'no arguments'}`
            }`,
            {
              mends: [
                respelling(
                  label,
                  formals.map(each => each.name).filter(each => !given.has(each)),
                  placeOfProperty(argument, 'parameter'),
                ),
              ],
            },
          );
        this.#namesOnly(argument.value, 'unknown');
        continue;
      }
      if (given.has(formal.name)) {
        this.#findings.add(
          'argument-duplicate',
          `${name} already has its ${formal.name}`,
          label === undefined ? placeOf(argument) : placeOfProperty(argument, 'parameter'),
          { mends: [removingItem(reference.arguments, index)] },
        );
        this.#namesOnly(argument.value, formal.type);
        continue;
      }
      given.add(formal.name);
      this.check(argument.value, formal.type, `${formal.name} of ${name}`);
    }
    const unknown = reference.arguments.some(
      argument => argument.parameter !== undefined && !formals.some(formal => formal.name === argumentName(argument)),
    );
    // An argument whose name is mistyped is most likely the one that is missing.
    if (unknown) return;
    const missing = formals.filter(formal => formal.required && !given.has(formal.name));
    if (missing.length === 0) return;
    const primitive = meaningOf(reference).kind === 'primitive' ? primitives.get(name) : undefined;
    const example = primitive === undefined ? '' : `: ${primitive.example}`;
    const names = missing.map(formal => formal.name).join(' and ');
    this.#findings.add('argument-missing', `${name} needs ${names}${example}`, target, {
      mends: [addingArguments(reference, missing, primitive)],
    });
  }
}

/** The parameter that an argument without a name most likely means: the first of its type that has no value. */
function freeFormal(
  reference: Reference,
  formals: readonly Formal[],
  given: ReadonlySet<string>,
  value: Expression | undefined,
): Formal | undefined {
  const named = new Set(reference.arguments.map(argumentName));
  const free = formals.filter(({ name }) => !given.has(name) && !named.has(name));
  return free.find(({ type }) => value !== undefined && fits(typeOf(value), type));
}

function importingMend(reference: Reference, { name, path }: LibraryEntry): Mend {
  const text = reference.$cstNode?.root.fullText ?? '';
  return { title: `Import ${name} from "${path}"`, edits: [importing(text, name, path)], preferred: true };
}

function operatorMend(expression: Binary, better: string): Details {
  return { mends: [replacing(placeOfProperty(expression, 'operator'), better, `Change to \`${better}\``, true)] };
}

function countOf(count: number): string {
  return count === 0 ? 'no arguments' : count === 1 ? 'one argument' : `${count} arguments`;
}

function listOf(formals: readonly { readonly name: string }[]): string {
  return formals.length === 0 ? '' : `: ${formals.map(formal => formal.name).join(', ')}`;
}
