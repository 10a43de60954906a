import type { LangiumDocument, Lexer } from 'langium';
import type { LangiumServices, SignatureHelpProvider } from 'langium/lsp';
import type { SignatureHelpOptions, SignatureHelpParams } from 'vscode-languageserver-protocol';
import type { ParameterInformation, SignatureHelp, SignatureInformation } from 'vscode-languageserver-types';
import {
  documentationOf,
  parameterDocumentation,
  patternSignature,
  primitiveDocumentation,
  primitiveSignature,
} from '../documentation.ts';
import { isPatternDeclaration, type PatternDeclaration } from '../generated/ast.ts';
import { fileOf } from '../imports.ts';
import { builtIn, FUNCTIONS } from '../names.ts';
import { openCallAt } from './open-call.ts';

interface Signature {
  readonly information: SignatureInformation;
  /** Names of the parameters, in order. */
  readonly names: readonly string[];
  /** Takes any number of arguments like its last parameter. */
  readonly isOpen: boolean;
}

/** The parameters of the call that is being written. */
export class SparseSignatureHelpProvider implements SignatureHelpProvider {
  readonly signatureHelpOptions: SignatureHelpOptions = {
    triggerCharacters: ['(', ','],
    retriggerCharacters: [':', ')'],
  };
  readonly #lexer: Lexer;

  constructor(services: LangiumServices) {
    this.#lexer = services.parser.Lexer;
  }

  provideSignatureHelp(document: LangiumDocument, { position }: SignatureHelpParams): SignatureHelp | undefined {
    const { textDocument } = document;
    const call = openCallAt(this.#lexer, textDocument.getText().slice(0, textDocument.offsetAt(position)));
    if (call === undefined) return undefined;
    const signature = signatureOf(document, call.callee);
    if (signature === undefined) return undefined;
    const { information, names, isOpen } = signature;
    const index = call.name === undefined ? call.index : names.indexOf(call.name);
    // An index past the end marks no parameter: there is none for this argument.
    const activeParameter = isOpen ? Math.min(index, names.length - 1) : index < 0 ? names.length : index;
    return { signatures: [information], activeSignature: 0, activeParameter };
  }
}

function signatureOf(document: LangiumDocument, callee: string): Signature | undefined {
  const file = fileOf(document);
  const imported = file?.imports.flatMap(({ names }) => names.flatMap(({ target }) => target?.ref ?? [])) ?? [];
  const declared = [...(file?.declarations ?? []), ...imported].filter(isPatternDeclaration);
  const pattern = declared.find(({ name }) => name === callee);
  if (pattern !== undefined) return ofPattern(pattern);
  const meaning = builtIn(callee);
  if (meaning.kind === 'primitive') {
    const { primitive } = meaning;
    const documentation = primitive.parameters.map(parameterDocumentation);
    return signature(
      primitiveSignature(primitive),
      primitive.parameters.map(({ name }) => name),
      primitiveDocumentation(primitive),
      documentation,
    );
  }
  if (meaning.kind === 'function') {
    const { call, documentation, most } = FUNCTIONS[meaning.name];
    const names = call.slice(call.indexOf('(') + 1, -1).split(', ');
    return { ...signature(call, names, documentation), isOpen: most > names.length };
  }
  return undefined;
}

function ofPattern(pattern: PatternDeclaration): Signature {
  const parameters = pattern.parameters.filter(({ name }) => name !== undefined);
  const names = parameters.map(({ name }) => name);
  return signature(patternSignature(pattern), names, documentationOf(pattern), parameters.map(documentationOf));
}

/** `documentation` of each parameter stands beside it. */
function signature(
  label: string,
  names: readonly string[],
  text: string,
  documentation: readonly string[] = [],
): Signature {
  let from = label.indexOf('(') + 1;
  const parameters = names.map((name, index): ParameterInformation => {
    // Parameters are marked by their place in the label: a name may occur in the default of another.
    const start = startOf(label, name, from);
    const next = names[index + 1];
    const end = next === undefined ? label.lastIndexOf(')') : startOf(label, next, start + name.length) - ', '.length;
    from = start + name.length;
    const value = documentation[index];
    return {
      label: [start, end],
      ...(value === undefined || value === '' ? {} : { documentation: { kind: 'markdown', value } }),
    };
  });
  const information: SignatureInformation = {
    label,
    parameters,
    ...(text === '' ? {} : { documentation: { kind: 'markdown', value: text } }),
  };
  return { information, names, isOpen: false };
}

/** Where a parameter begins: behind the opening parenthesis or behind a comma outside all brackets. */
function startOf(label: string, name: string, from: number): number {
  let depth = 0;
  for (let at = from; at < label.length; at++) {
    const character = label.charAt(at);
    const isStart = at === label.indexOf('(') + 1 || label.slice(at - 2, at) === ', ';
    if (depth === 0 && isStart && label.startsWith(name, at)) return at;
    if ('([{'.includes(character)) depth++;
    else if (')]}'.includes(character)) depth--;
  }
  return from;
}
