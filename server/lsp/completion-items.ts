import { type CompletionItem, CompletionItemKind } from 'vscode-languageserver-types';
import { FUNCTION_NAMES } from '../../runtime/pattern/ir.ts';
import { documentationOf, patternSignature, primitiveDocumentation, primitiveSignature } from '../documentation.ts';
import type { Constant, PatternDeclaration } from '../generated/ast.ts';
import { MODEL_PROPERTIES } from '../model-properties.ts';
import { FUNCTIONS, SHAPE_NAMES } from '../names.ts';
import { textOf } from '../source.ts';
import type { SparseType } from '../types.ts';
import type { OpenCall } from './completion-context.ts';

export interface Item extends Omit<CompletionItem, 'textEdit' | 'insertText'> {
  /** What is written instead of the label; a snippet when it holds `$`. */
  readonly insert?: string;
  readonly filter?: string;
}

export interface NamedParameter {
  readonly name: string;
  readonly type: SparseType;
  readonly example: string;
  readonly documentation: string;
}

export const WHERE: Item = {
  label: 'where',
  insert: 'where (${1:i}, ${2:j}) => ${3:i >= j}',
  kind: CompletionItemKind.Keyword,
  documentation: markdown('All pairs of query `i` and key `j` for which the condition holds.'),
};

export const NUMBER_ITEMS: readonly Item[] = [
  ...Object.entries(SHAPE_NAMES).map(([label, text]) => ({
    label,
    kind: CompletionItemKind.Variable,
    documentation: markdown(text),
  })),
  ...FUNCTION_NAMES.map(label => ({
    label,
    insert: `${label}($1)`,
    kind: CompletionItemKind.Function,
    detail: FUNCTIONS[label].call,
    documentation: markdown(FUNCTIONS[label].documentation),
  })),
];

export function markdown(value: string): { kind: 'markdown'; value: string } {
  return { kind: 'markdown', value };
}

/** A snippet with its placeholders filled in. */
export function plain(snippet: string): string {
  return snippet.replace(/\$\{\d+:([^}]*)\}/g, '$1').replace(/\$\d+/g, '');
}

export function primitiveItems(primitive: Parameters<typeof primitiveSignature>[0]): Item[] {
  return primitive.snippets.map((insert, index) => ({
    label: index === 0 ? primitive.name : plain(insert),
    ...(index === 0 ? { labelDetails: { detail: plain(insert).slice(primitive.name.length) } } : {}),
    insert,
    filter: primitive.name,
    kind: CompletionItemKind.Function,
    detail: primitiveSignature(primitive),
    documentation: markdown(primitiveDocumentation(primitive)),
  }));
}

export function patternItem(node: PatternDeclaration): Item {
  const required = node.parameters
    .filter(parameter => parameter.default === undefined)
    .flatMap(({ name }) => name ?? []);
  const documentation = documentationOf(node);
  return {
    label: node.name,
    insert: callOf(node.name, required),
    kind: CompletionItemKind.Function,
    detail: patternSignature(node),
    ...(documentation === '' ? {} : { documentation: markdown(documentation) }),
  };
}

/** A call with a hole for each required argument, as a snippet. */
export function callOf(name: string, required: readonly string[]): string {
  if (required.length === 0) return name;
  return `${name}(${required.map((parameter, index) => `\${${index + 1}:${parameter}}`).join(', ')})`;
}

export function constantItem(node: Constant): Item {
  return {
    label: node.name,
    kind: CompletionItemKind.Constant,
    detail: node.value === undefined ? 'constant' : `= ${textOf(node.value)}`,
  };
}

export function properties(taken: ReadonlySet<string>): Item[] {
  const rule: Item = {
    label: 'attention',
    insert: 'attention = ${1:window(512)}',
    kind: CompletionItemKind.Keyword,
    documentation: markdown(
      'The pattern of all layers and heads, or of those that the rule names: `attention layers 0..6 = ...`.',
    ),
  };
  const missing = Object.entries(MODEL_PROPERTIES).filter(([name]) => !taken.has(name));
  return [
    ...missing.map(([label, { example, documentation }]) => ({
      label,
      insert: `${label} = \${1:${example}}`,
      kind: CompletionItemKind.Property,
      documentation: markdown(documentation),
    })),
    rule,
  ];
}

export function selections(taken: ReadonlySet<string>, afterSelection: boolean): Item[] {
  const snippets: Readonly<Record<string, string>> = { layers: 'layers ${1:0}..${2:6}', heads: 'heads [${1:0}]' };
  const axes = Object.entries(snippets).filter(([label]) => !taken.has(label));
  return [
    ...axes.map(([label, insert]) => ({ label, insert, kind: CompletionItemKind.Keyword })),
    ...(afterSelection ? [{ label: 'step', insert: 'step ${1:2}', kind: CompletionItemKind.Keyword }] : []),
  ];
}

export function argumentType(parameters: readonly NamedParameter[], call: OpenCall | undefined): SparseType {
  if (call === undefined || parameters.length === 0) return 'number';
  const { name, index } = call;
  const found = name === undefined ? parameters[index] : parameters.find(parameter => parameter.name === name);
  return found?.type ?? 'unknown';
}

export function argumentNames(parameters: readonly NamedParameter[], { index, takenNames }: OpenCall): Item[] {
  // Parameters that earlier arguments filled by their position cannot be named again.
  const byPosition = new Set(parameters.slice(0, index - takenNames.size).map(({ name }) => name));
  return parameters
    .filter(({ name }) => !takenNames.has(name) && !byPosition.has(name))
    .map(({ name, type, example, documentation }) => ({
      label: `${name}:`,
      insert:
        example === '' || example.includes('$') ? `${name}: $1` : `${name}: \${1:${example.replace(/[}\\]/g, '\\$&')}}`,
      filter: name,
      kind: CompletionItemKind.Field,
      ...(type === 'unknown' ? {} : { detail: type }),
      ...(documentation === '' ? {} : { documentation: markdown(documentation) }),
    }));
}
