import { Cancellation, type LangiumDocument, type LangiumDocuments, type Lexer, URI, UriUtils } from 'langium';
import type { CompletionProvider, CompletionProviderOptions, LangiumServices } from 'langium/lsp';
import type { CompletionParams } from 'vscode-languageserver-protocol';
import {
  type CompletionItem,
  CompletionItemKind,
  CompletionList,
  InsertTextFormat,
  type Range,
  SymbolKind,
} from 'vscode-languageserver-types';
import { FUNCTION_NAMES } from '../../runtime/pattern/ir.ts';
import { primitives } from '../../runtime/pattern/primitives.ts';
import { importing, libraryEntries } from '../check/importing.ts';
import { documentationIn, documentationOf, parameterDocumentation } from '../documentation.ts';
import { type Declaration, isConstant, isPatternDeclaration, type PatternDeclaration } from '../generated/ast.ts';
import { fileOf, importedUri } from '../imports.ts';
import { libraryModules } from '../library.ts';
import { modelProperty } from '../model-properties.ts';
import { rangeOf, textOf } from '../source.ts';
import { parameterType, type SparseType, TYPE_NAMES, TYPE_WORDS } from '../types.ts';
import { type Completion, type CompletionPlace, completionAt } from './completion-context.ts';
import {
  argumentNames,
  argumentType,
  callOf,
  constantItem,
  type Item,
  markdown,
  type NamedParameter,
  NUMBER_ITEMS,
  patternItem,
  plain,
  primitiveItems,
  properties,
  selections,
  WHERE,
} from './completion-items.ts';
import type { WorkspaceFiles } from './workspace-files.ts';

/** Snippets of the declarations. */
const DECLARATIONS: Readonly<Record<string, readonly [snippet: string, documentation: string]>> = {
  pattern: ['pattern ${1:name}(${2:size = 512}) = ${3:window(size)}', 'A named set of pairs (query i, key j).'],
  model: [
    'model ${1:Name} {\n  tokens    = ${2:4096}\n  layers    = ${3:12}\n  heads     = ${4:12}\n  dim       = ${5:768}\n  attention = ${6:window(512)}\n}',
    'A model: its sizes, and the pattern of every layer and head.',
  ],
  const: ['const ${1:name} = ${2:64}', 'A named number.'],
  import: ['import { ${2:name} } from "${1:./library.sparse}"', 'Uses declarations of another file.'],
};

/** Offers what may stand at the cursor. */
export class SparseCompletionProvider implements CompletionProvider {
  readonly completionOptions: CompletionProviderOptions = {
    triggerCharacters: ['(', ',', '[', '{', '=', '|', '&', ':', '!', '"', '/'],
  };
  readonly #lexer: Lexer;
  readonly #documents: LangiumDocuments;
  readonly #files: WorkspaceFiles;
  #snippets = true;

  constructor(services: LangiumServices, files: WorkspaceFiles) {
    this.#files = files;
    this.#lexer = services.parser.Lexer;
    this.#documents = services.shared.workspace.LangiumDocuments;
    services.shared.lsp.LanguageServer.onInitialize(({ capabilities }) => {
      this.#snippets = capabilities.textDocument?.completion?.completionItem?.snippetSupport === true;
    });
  }

  async getCompletion(
    document: LangiumDocument,
    params: CompletionParams,
    token: Cancellation.CancellationToken = Cancellation.CancellationToken.None,
  ): Promise<CompletionList> {
    const text = document.textDocument.getText();
    const offset = document.textDocument.offsetAt(params.position);
    const completion = completionAt(this.#lexer, text.slice(0, offset), text.slice(offset));
    const { place } = completion;
    const items =
      place.kind === 'module'
        ? await this.#paths(document, place, token)
        : place.kind === 'mask-file'
          ? await this.#maskFiles(document)
          : this.#items(document, completion);
    const range = rangeOf(document, { start: completion.start, end: offset });
    return CompletionList.create(
      items.map((item, index) => this.#finished(item, index, range)),
      false,
    );
  }

  #finished(item: Item, index: number, range: Range): CompletionItem {
    const { insert, filter, ...rest } = item;
    const isSnippet = insert?.includes('$') === true;
    const newText = insert === undefined ? item.label : isSnippet && !this.#snippets ? plain(insert) : insert;
    return {
      ...rest,
      filterText: filter ?? item.label,
      sortText: String(index).padStart(4, '0'),
      insertTextFormat: isSnippet && this.#snippets ? InsertTextFormat.Snippet : InsertTextFormat.PlainText,
      textEdit: { range, newText },
    };
  }

  #items(document: LangiumDocument, completion: Completion): Item[] {
    const { place } = completion;
    switch (place.kind) {
      case 'none':
      case 'module':
      case 'mask-file':
        return [];
      case 'declaration':
        return Object.entries(DECLARATIONS).map(([label, [insert, documentation]]) => ({
          label,
          insert,
          kind: CompletionItemKind.Keyword,
          documentation: markdown(documentation),
        }));
      case 'keyword':
        return place.words.map(label => ({ label, kind: CompletionItemKind.Keyword }));
      case 'import':
        return this.#importable(document, place.path).filter(({ label }) => !place.taken.has(label));
      case 'type':
        return TYPE_NAMES.map(label => ({ label, kind: CompletionItemKind.TypeParameter, detail: TYPE_WORDS[label] }));
      case 'property':
        return properties(place.taken);
      case 'value':
        return this.#value(document, completion, place.property);
      case 'selection':
        return selections(place.taken, place.afterSelection);
      case 'expression': {
        const { call } = place;
        const callee = call === undefined ? undefined : this.#signature(document, call.callee);
        const wanted = place.inList ? 'number' : callee === undefined ? place.wanted : argumentType(callee, call);
        const named = call?.atStart === true && callee !== undefined ? argumentNames(callee, call) : [];
        const variables = place.binders.map(
          (label, index): Item => ({
            label,
            kind: CompletionItemKind.Variable,
            detail: index === 0 ? 'position of the query' : 'position of the key',
          }),
        );
        const isPattern = wanted === 'pattern' || wanted === 'unknown';
        return [
          ...variables,
          ...named,
          ...this.#expression(document, completion, wanted),
          ...(isPattern && !place.inList ? this.#fromLibrary(document) : []),
        ];
      }
    }
  }

  /** Patterns of the standard library that are not there yet: choosing one imports it. */
  #fromLibrary(document: LangiumDocument): Item[] {
    const text = document.textDocument.getText();
    const there = new Set(this.#declared(document).map(({ name }) => name));
    return [...libraryEntries().values()].flatMap((entry): Item[] => {
      if (entry.kind !== 'pattern' || there.has(entry.name)) return [];
      const edit = importing(text, entry.name, entry.path);
      const documentation = documentationIn(entry.comment);
      return [
        {
          label: entry.name,
          labelDetails: { description: entry.path },
          insert: callOf(entry.name, entry.required),
          kind: CompletionItemKind.Function,
          detail: `${entry.signature}, imported from "${entry.path}"`,
          ...(documentation === '' ? {} : { documentation: markdown(documentation) }),
          additionalTextEdits: [{ range: rangeOf(document, edit.place), newText: edit.text }],
        },
      ];
    });
  }

  /** Where an import may come from: the library, unless a file's path was begun, and the files of the workspace. */
  async #paths(
    document: LangiumDocument,
    { written, names }: Extract<CompletionPlace, { readonly kind: 'module' }>,
    token: Cancellation.CancellationToken,
  ): Promise<Item[]> {
    const modules = libraryModules.map(
      ({ path, summary }): Item => ({ label: path, kind: CompletionItemKind.Module, detail: summary }),
    );
    const home = document.uri;
    const files = (await this.#files.all(token)).flatMap(({ uri, symbols }) => {
      const relative = relativePath(home, uri);
      if (relative === undefined) return [];
      const label = relative.startsWith('.') ? relative : `./${relative}`;
      const importable = symbols.filter(({ kind }) => kind !== SymbolKind.Class).map(({ name }) => name);
      const wanted = names.filter(name => importable.includes(name)).length;
      return [{ label, kind: CompletionItemKind.File, detail: importable.join(', '), wanted }];
    });
    // A file that declares what is imported comes first.
    files.sort((a, b) => b.wanted - a.wanted || a.label.localeCompare(b.label, 'en'));
    const paths = files.map(({ wanted: _, ...item }): Item => item);
    return /^[./]/.test(written) ? paths : [...modules, ...paths];
  }

  /** The mask files of the workspace, the nearest first. */
  async #maskFiles({ uri: home }: LangiumDocument): Promise<Item[]> {
    const paths = (await this.#files.masks()).flatMap(uri => relativePath(home, uri) ?? []);
    const steps = (path: string): number => path.split('/').length;
    paths.sort((a, b) => steps(a) - steps(b) || a.localeCompare(b, 'en'));
    return paths.map(label => ({ label, kind: CompletionItemKind.File }));
  }

  #value(document: LangiumDocument, completion: Completion, name: string): Item[] {
    const property = modelProperty(name);
    if (property?.type === 'choice')
      return property.choices.map(label => ({ label, kind: CompletionItemKind.EnumMember }));
    if (property?.type === 'bool') return ['true', 'false'].map(label => ({ label, kind: CompletionItemKind.Keyword }));
    const example: Item[] =
      property === undefined
        ? []
        : [
            {
              label: property.example,
              kind: CompletionItemKind.Value,
              documentation: markdown(property.documentation),
            },
          ];
    return [...example, ...this.#expression(document, completion, 'number')];
  }

  #expression(document: LangiumDocument, completion: Completion, wanted: SparseType): Item[] {
    const declared = this.#declared(document);
    const own = declared.find(
      (node): node is PatternDeclaration => isPatternDeclaration(node) && node.name === completion.pattern,
    );
    const fits = (type: SparseType): boolean =>
      type === wanted || type === 'unknown' || wanted === 'unknown' || (wanted === 'condition' && type !== 'pattern');
    const parameters = completion.parameters.flatMap((label): Item[] => {
      const node = own?.parameters.find(({ name }) => name === label);
      const type = node === undefined ? 'unknown' : parameterType(node);
      return fits(type) ? [{ label, kind: CompletionItemKind.Variable, detail: `parameter: ${type}` }] : [];
    });
    const isPattern = wanted === 'pattern' || wanted === 'unknown';
    const isNumber =
      wanted === 'number' || wanted === 'condition' || wanted === 'bool' || wanted === 'values' || wanted === 'unknown';
    return [
      ...parameters,
      ...(isPattern
        ? declared
            .filter(isPatternDeclaration)
            .filter(node => node !== own)
            .map(patternItem)
        : []),
      ...(isPattern ? [...primitives.values()].flatMap(primitiveItems) : []),
      ...(isPattern ? [WHERE] : []),
      ...(wanted === 'bool' || wanted === 'condition'
        ? ['true', 'false'].map(label => ({ label, kind: CompletionItemKind.Keyword }))
        : []),
      ...(isNumber ? [...declared.filter(isConstant).map(constantItem), ...NUMBER_ITEMS] : []),
      ...(wanted === 'positions' || wanted === 'values'
        ? [
            {
              label: '[...]',
              insert: '[${1:0}]',
              filter: '[',
              kind: CompletionItemKind.Snippet,
              documentation: markdown(
                'A list of positions and half-open ranges; negative ones count from the end: `[0..4, -1]`.',
              ),
            },
          ]
        : []),
    ];
  }

  #signature(document: LangiumDocument, callee: string): readonly NamedParameter[] | undefined {
    const declared = this.#declared(document).find(node => node.name === callee);
    if (isPatternDeclaration(declared))
      return declared.parameters.flatMap(node => {
        if (node.name === undefined) return [];
        const value = node.default === undefined ? '' : textOf(node.default);
        const documentation = documentationOf(node);
        return [{ name: node.name, type: parameterType(node), example: value, documentation }];
      });
    const primitive = primitives.get(callee);
    if (primitive !== undefined)
      return primitive.parameters.map(parameter => ({
        name: parameter.name,
        type: parameter.type,
        example: parameter.default ?? '',
        documentation: parameterDocumentation(parameter),
      }));
    return (FUNCTION_NAMES as readonly string[]).includes(callee) ? [] : undefined;
  }

  #declared(document: LangiumDocument): Declaration[] {
    const file = fileOf(document);
    if (file === undefined) return [];
    const imported = file.imports.flatMap(({ names }) => names.flatMap(({ target }) => target?.ref ?? []));
    return [...file.declarations, ...imported].filter(({ name }) => name !== undefined);
  }

  #importable(document: LangiumDocument, path: string | undefined): Item[] {
    const uri = importedUri(document.uri, path);
    const file = uri === undefined ? undefined : fileOf(this.#documents.getDocument(uri));
    return (file?.declarations ?? []).flatMap((node): Item[] => {
      if (isPatternDeclaration(node)) {
        const { label, detail, documentation } = patternItem(node);
        return [
          {
            label,
            kind: CompletionItemKind.Function,
            ...(detail ? { detail } : {}),
            ...(documentation ? { documentation } : {}),
          },
        ];
      }
      return isConstant(node) ? [constantItem(node)] : [];
    });
  }
}

/** The way from a file to another one; undefined when there is none, and to itself. */
function relativePath(home: URI, uri: string): string | undefined {
  const other = URI.parse(uri);
  if (UriUtils.equals(other, home) || other.scheme !== home.scheme || other.authority !== home.authority)
    return undefined;
  return UriUtils.relative(UriUtils.dirname(home), other);
}
