import { type AstNode, AstUtils, Cancellation, type CstNode, GrammarUtils, type LangiumDocument } from 'langium';
import type { SemanticTokenProvider } from 'langium/lsp';
import type {
  Range,
  SemanticTokens,
  SemanticTokensDelta,
  SemanticTokensDeltaParams,
  SemanticTokensOptions,
  SemanticTokensParams,
  SemanticTokensRangeParams,
} from 'vscode-languageserver-protocol';
import {
  isArgument,
  isBinder,
  isConstant,
  isImportName,
  isModelDeclaration,
  isNumberLiteral,
  isParameter,
  isPatternDeclaration,
  isProperty,
  isReference,
  isSelector,
} from '../generated/ast.ts';
import { modelProperty } from '../model-properties.ts';
import { meaningOf } from '../names.ts';
import { upToDate } from './up-to-date.ts';

const TYPES = [
  'function',
  'parameter',
  'variable',
  'class',
  'property',
  'number',
  'keyword',
  'type',
  'enumMember',
] as const;
const MODIFIERS = ['declaration', 'readonly', 'defaultLibrary'] as const;

type Type = (typeof TYPES)[number];
type Modifier = (typeof MODIFIERS)[number];

interface Token {
  readonly node: CstNode;
  readonly type: Type;
  readonly modifiers: readonly Modifier[];
}

/** Colours that need to know what a name stands for; the rest is the syntax's. */
export class SparseSemanticTokenProvider implements SemanticTokenProvider {
  readonly tokenTypes: Record<string, number> = Object.fromEntries(TYPES.map((type, index) => [type, index]));
  readonly tokenModifiers: Record<string, number> = Object.fromEntries(
    MODIFIERS.map((modifier, index) => [modifier, 1 << index]),
  );
  readonly semanticTokensOptions: SemanticTokensOptions = {
    legend: { tokenTypes: [...TYPES], tokenModifiers: [...MODIFIERS] },
    full: { delta: false },
    range: true,
  };

  async semanticHighlight(
    document: LangiumDocument,
    _params: SemanticTokensParams,
    token: Cancellation.CancellationToken = Cancellation.CancellationToken.None,
  ): Promise<SemanticTokens> {
    await upToDate(document, token);
    return encode(tokensOf(document.parseResult.value));
  }

  async semanticHighlightRange(
    document: LangiumDocument,
    { range }: SemanticTokensRangeParams,
    token: Cancellation.CancellationToken = Cancellation.CancellationToken.None,
  ): Promise<SemanticTokens> {
    await upToDate(document, token);
    return encode(tokensOf(document.parseResult.value, range));
  }

  /** Not offered: every answer is a whole one. */
  semanticHighlightDelta(
    document: LangiumDocument,
    { textDocument }: SemanticTokensDeltaParams,
    token?: Cancellation.CancellationToken,
  ): Promise<SemanticTokens | SemanticTokensDelta> {
    return this.semanticHighlight(document, { textDocument }, token);
  }
}

function tokensOf(root: AstNode, range?: Range): Token[] {
  const tokens: Token[] = [];
  for (const node of AstUtils.streamAst(root, range === undefined ? {} : { range })) {
    const at = (property: string, type: Type, ...modifiers: Modifier[]): void => {
      const cst = GrammarUtils.findNodeForProperty(node.$cstNode, property);
      if (cst !== undefined) tokens.push({ node: cst, type, modifiers });
    };
    if (isReference(node)) {
      const named = kindOf(node);
      if (named !== undefined) at('target', ...named);
    } else if (isNumberLiteral(node)) at('value', 'number');
    else if (isArgument(node)) at('parameter', 'parameter');
    else if (isPatternDeclaration(node)) at('name', 'function', 'declaration');
    else if (isModelDeclaration(node)) at('name', 'class', 'declaration');
    else if (isConstant(node)) at('name', 'variable', 'declaration', 'readonly');
    else if (isBinder(node)) at('name', 'parameter', 'declaration');
    else if (isParameter(node)) {
      at('name', 'parameter', 'declaration');
      at('type', 'type', 'defaultLibrary');
    } else if (isProperty(node)) {
      if (modelProperty(node.name) === undefined) at('name', 'property');
      else at('name', 'property', 'defaultLibrary');
    } else if (isSelector(node)) {
      at('axis', 'keyword');
      const step = GrammarUtils.findNodeForKeyword(node.$cstNode, 'step');
      if (step !== undefined) tokens.push({ node: step, type: 'keyword', modifiers: [] });
    } else if (isImportName(node)) {
      const target = node.target?.ref;
      if (isPatternDeclaration(target)) at('target', 'function');
      else if (isModelDeclaration(target)) at('target', 'class');
      else if (isConstant(target)) at('target', 'variable', 'readonly');
    }
  }
  return tokens;
}

/** What a name in an expression is coloured as; nothing for names that mean nothing. */
function kindOf(node: Parameters<typeof meaningOf>[0]): [Type, ...Modifier[]] | undefined {
  const property = node.$container;
  if (isProperty(property)) {
    const known = modelProperty(property.name);
    if (known?.type === 'choice' && known.choices.includes(node.target?.$refText ?? ''))
      return ['enumMember', 'defaultLibrary'];
  }
  switch (meaningOf(node).kind) {
    case 'primitive':
    case 'function':
      return ['function', 'defaultLibrary'];
    case 'pattern':
      return ['function'];
    case 'parameter':
    case 'binder':
      return ['parameter'];
    case 'constant':
      return ['variable', 'readonly'];
    case 'shape':
      return ['variable', 'readonly', 'defaultLibrary'];
    case 'model':
      return ['class'];
    default:
      return undefined;
  }
}

/** Five numbers each: lines and characters since the token before, length, type, modifiers. */
function encode(tokens: readonly Token[]): SemanticTokens {
  const data: number[] = [];
  let line = 0;
  let character = 0;
  for (const { node, type, modifiers } of [...tokens].sort((a, b) => a.node.offset - b.node.offset)) {
    const { start } = node.range;
    const bits = modifiers.reduce((sum, modifier) => sum | (1 << MODIFIERS.indexOf(modifier)), 0);
    const column = start.line === line ? start.character - character : start.character;
    data.push(start.line - line, column, node.length, TYPES.indexOf(type), bits);
    line = start.line;
    character = start.character;
  }
  return { data };
}
