import {
  type AstNode,
  type AstNodeDescription,
  type AstNodeDescriptionProvider,
  AstUtils,
  EMPTY_STREAM,
  type LangiumCoreServices,
  type LangiumDocuments,
  type LocalSymbols,
  type ReferenceInfo,
  type Scope,
  type ScopeComputation,
  type ScopeProvider,
  type Stream,
  stream,
} from 'langium';
import {
  type Binder,
  type Declaration,
  type File,
  type ImportName,
  isArgument,
  isBinder,
  isConstant,
  isFile,
  isImportName,
  isParameter,
  isPatternDeclaration,
  isReference,
  isWhere,
  type Named,
  type Parameter,
  type Reference,
} from './generated/ast.ts';
import { importedFile } from './imports.ts';
import { builtIn } from './names.ts';

/** The scope provider looks at the syntax tree itself and needs no lists of what is declared where. */
export class NoSymbols implements ScopeComputation {
  async collectExportedSymbols(): Promise<AstNodeDescription[]> {
    return [];
  }

  async collectLocalSymbols(): Promise<LocalSymbols> {
    return { has: () => false, getStream: () => EMPTY_STREAM };
  }
}

/** Finds what names refer to: `where` variables, parameters, the file's declarations, then its imports. */
export class SparseScopeProvider implements ScopeProvider {
  readonly #descriptions: AstNodeDescriptionProvider;
  readonly #documents: () => LangiumDocuments;

  constructor(services: LangiumCoreServices) {
    this.#descriptions = services.workspace.AstNodeDescriptionProvider;
    this.#documents = () => services.shared.workspace.LangiumDocuments;
  }

  getScope(context: ReferenceInfo): Scope {
    const { container } = context;
    if (isImportName(container)) return this.#scope(() => this.#importable(container));
    if (isArgument(container)) {
      const callee = isReference(container.$container) ? container.$container.target?.ref : undefined;
      return this.#scope(() => (isPatternDeclaration(callee) ? callee.parameters : []));
    }
    const isMeant = (node: Named): boolean => !isReference(container) || !isCallOfLanguage(container, node);
    return this.#scope(
      () => visibleFrom(container).filter(isMeant),
      name => namedFrom(container, name).find(isMeant),
    );
  }

  #importable(container: AstNode): readonly Named[] {
    const document = AstUtils.getDocument(container);
    const statement = container.$container;
    if (statement?.$type !== 'Import') return [];
    return (
      importedFile(this.#documents(), document, statement as Parameters<typeof importedFile>[2])?.declarations ?? []
    );
  }

  /** `find` knows a faster way to one of the nodes than to look at them all. */
  #scope(
    nodes: () => readonly Named[],
    find = (name: string): Named | undefined => nodes().find(node => node.name === name),
  ): Scope {
    const describe = (node: Named): AstNodeDescription => this.#descriptions.createDescription(node, node.name);
    return {
      getElement(name: string): AstNodeDescription | undefined {
        const node = find(name);
        return node === undefined ? undefined : describe(node);
      },
      getElements(name: string): Stream<AstNodeDescription> {
        const element = this.getElement(name);
        return element === undefined ? EMPTY_STREAM : stream([element]);
      },
      getAllElements: () => stream(nodes()).map(describe),
    };
  }
}

/**
 * Numbers and positions cannot be called: in `block(block)` the call is the primitive, whatever the parameter or
 * constant inside the parentheses is called.
 */
function isCallOfLanguage(reference: Reference, node: Named): boolean {
  if (!reference.call || builtIn(node.name).kind === 'unknown') return false;
  return isConstant(node) || isBinder(node) || (isParameter(node) && reference.arguments.length > 0);
}

/** Every declared name that can be written at a node, the nearest first. Nodes that recovery left nameless are skipped. */
export function visibleFrom(from: AstNode): Named[] {
  const found: Named[] = [];
  for (const node of surroundings(from)) {
    if (!isFile(node)) {
      found.push(...declaredIn(node));
      continue;
    }
    for (const declaration of node.declarations) if (declaration.name !== undefined) found.push(declaration);
    for (const statement of node.imports)
      for (const item of statement.names) if (item.target?.ref?.name !== undefined) found.push(item.target.ref);
  }
  return found;
}

/** The same for one name. */
function namedFrom(from: AstNode, name: string): Named[] {
  const found: Named[] = [];
  for (const node of surroundings(from))
    if (!isFile(node)) found.push(...declaredIn(node).filter(each => each.name === name));
    else
      for (const own of namesOf(node).get(name) ?? []) {
        const declared = isImportName(own) ? own.target?.ref : own;
        if (declared !== undefined) found.push(declared);
      }
  return found;
}

/** What a file declares and imports, by name. A file that is read again is another node. */
const names = new WeakMap<File, ReadonlyMap<string, readonly (Declaration | ImportName)[]>>();

function namesOf(file: File): ReadonlyMap<string, readonly (Declaration | ImportName)[]> {
  const before = names.get(file);
  if (before !== undefined) return before;
  const found = new Map<string, (Declaration | ImportName)[]>();
  const add = (name: string | undefined, node: Declaration | ImportName): void => {
    const same = name === undefined ? undefined : found.get(name);
    if (same !== undefined) same.push(node);
    else if (name !== undefined) found.set(name, [node]);
  };
  for (const declaration of file.declarations) add(declaration.name, declaration);
  for (const statement of file.imports) for (const item of statement.names) add(item.target?.$refText, item);
  names.set(file, found);
  return found;
}

function* surroundings(from: AstNode): Generator<AstNode> {
  for (let node: AstNode | undefined = from; node !== undefined; node = node.$container) yield node;
}

/** What a node other than a file declares for everything in it. */
function declaredIn(node: AstNode): readonly Named[] {
  const nodes: readonly (Binder | Parameter | undefined)[] = isWhere(node)
    ? [node.query, node.key]
    : isPatternDeclaration(node)
      ? node.parameters
      : [];
  return nodes.filter(each => each?.name !== undefined).filter(each => each !== undefined);
}
