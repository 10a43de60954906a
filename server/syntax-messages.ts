import { AbstractParserErrorMessageProvider, type LexerResult, type ParseResult } from 'langium';

type Provider = AbstractParserErrorMessageProvider;
type Token = LexerResult['tokens'][number];
type Mismatch = Parameters<Provider['buildMismatchTokenMessage']>[0];
type NoAlternative = Parameters<Provider['buildNoViableAltMessage']>[0];
type Redundant = Parameters<Provider['buildNotAllInputParsedMessage']>[0];
type EarlyExit = Parameters<Provider['buildEarlyExitMessage']>[0];
export type SyntaxError = ParseResult['parserErrors'][number];

const RESERVED = new Set(['import', 'const', 'pattern', 'model', 'attention', 'where', 'true', 'false']);
const EXPRESSION_RULES = new Set(
  'Expression Choice Disjunction Conjunction Comparison Sum Intersection Product Prefix Power Primary ListItem Argument'.split(
    ' ',
  ),
);

/** Says what is wrong with the syntax in the words of the language. */
export class SyntaxMessages extends AbstractParserErrorMessageProvider {
  override buildMismatchTokenMessage({ expected, actual, previous, ruleName }: Mismatch): string {
    const special = specialCase(actual, previous);
    if (special !== undefined) return special;
    if (expected.name === '}' && actual.image === '=') return 'unexpected `=`: is the value before it missing?';
    if (expected.name === ')' && plain(ruleName) === 'PatternDeclaration' && RESERVED.has(actual.image))
      return nameExpected(actual);
    if (expected.name === '}' && plain(ruleName) === 'ModelDeclaration')
      return `expected a property such as \`tokens = 4096\`, an \`attention\` rule or \`}\`, found ${show(actual)}`;
    if (expected.name === 'ID') return nameExpected(actual);
    if (expected.name === 'EOF') return declarationExpected(actual);
    return `expected ${wanted(expected.name)}, found ${show(actual)}`;
  }

  override buildNoViableAltMessage({ actual, previous, ruleName }: NoAlternative): string {
    const [token] = actual;
    const special = specialCase(token, previous);
    if (special !== undefined) return special;
    const rule = plain(ruleName);
    if (rule === 'Name') return nameExpected(token);
    if (EXPRESSION_RULES.has(rule)) return `expected an expression, found ${show(token)}`;
    return `unexpected ${show(token)}`;
  }

  override buildNotAllInputParsedMessage({ firstRedundant }: Redundant): string {
    return specialCase(firstRedundant, undefined) ?? declarationExpected(firstRedundant);
  }

  override buildEarlyExitMessage({ actual }: EarlyExit): string {
    return `unexpected ${show(actual[0])}`;
  }

  /** One error for a file that could not be parsed at all. */
  static unreadable(text: string, message: string): SyntaxError {
    const end = text.indexOf('\n');
    const token = { image: '', startOffset: 0, endOffset: (end < 0 ? text.length : end) - 1 } as Token;
    return {
      name: 'Unreadable',
      message,
      token,
      resyncedTokens: [],
      context: { ruleStack: [], ruleOccurrenceStack: [] },
    };
  }
}

/** Langium marks its rules with an invisible letter. */
function plain(ruleName: string): string {
  return ruleName.replace(/\u200B$/, '');
}

/** The mistakes that people make most, told apart by the word that came unexpectedly. */
function specialCase(actual: Token | undefined, previous: Token | undefined): string | undefined {
  switch (actual?.image) {
    case 'where':
      return '`where` inside a larger expression stands in parentheses: (where (i, j) => i >= j)';
    case '..':
      return 'a range stands in brackets: [0..4]';
    case 'and':
      return 'write `&` for patterns and `&&` for conditions, not `and`';
    case 'or':
      return 'write `|` for patterns and `||` for conditions, not `or`';
    case '=>':
      return '`=>` belongs to where: where (i, j) => i >= j';
    case '=':
      if (previous?.image === '=') return 'write `==` to compare';
      return undefined;
    default:
      return undefined;
  }
}

function wanted(token: string): string {
  if (token === 'STRING') return 'a path in double quotes';
  if (token === 'NUMBER') return 'a number';
  return `\`${token}\``;
}

function show(token: Token | undefined): string {
  return token === undefined || token.image === '' ? 'the end of the file' : `\`${token.image}\``;
}

function nameExpected(actual: Token | undefined): string {
  return actual !== undefined && RESERVED.has(actual.image)
    ? `\`${actual.image}\` is a word of the language and cannot be a name`
    : `expected a name, found ${show(actual)}`;
}

function declarationExpected(actual: Token | undefined): string {
  return `expected \`import\`, \`const\`, \`pattern\` or \`model\`, found ${show(actual)}`;
}
