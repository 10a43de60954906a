import {
  type AstNode,
  type AstNodeDescription,
  type AstNodeDescriptionProvider,
  AstUtils,
  EMPTY_STREAM,
  type LangiumCoreServices,
  type LangiumDocuments,
  type ReferenceInfo,
  type Scope,
  type ScopeProvider,
  type Stream,
  stream,
} from 'langium';
import {
  type Binder,
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
  type Reference,
} from './generated/ast.ts';
import { importedFile } from './imports.ts';
import { builtIn } from './names.ts';

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
    if (isImportName(container)) return this.#scope(this.#importable(container));
    if (isArgument(container)) {
      const callee = isReference(container.$container) ? container.$container.target?.ref : undefined;
      return this.#scope(isPatternDeclaration(callee) ? callee.parameters : []);
    }
    const visible = visibleFrom(container);
    return this.#scope(isReference(container) ? visible.filter(node => !isCallOfLanguage(container, node)) : visible);
  }

  #importable(container: AstNode): readonly Named[] {
    const document = AstUtils.getDocument(container);
    const statement = container.$container;
    if (statement?.$type !== 'Import') return [];
    return (
      importedFile(this.#documents(), document, statement as Parameters<typeof importedFile>[2])?.declarations ?? []
    );
  }

  #scope(nodes: Iterable<Named>): Scope {
    const describe = (node: Named): AstNodeDescription => this.#descriptions.createDescription(node, node.name);
    return {
      getElement(name: string): AstNodeDescription | undefined {
        for (const node of nodes) if (node.name === name) return describe(node);
        return undefined;
      },
      getElements(name: string): Stream<AstNodeDescription> {
        const element = this.getElement(name);
        return element === undefined ? EMPTY_STREAM : stream([element]);
      },
      getAllElements: () => stream([...nodes]).map(describe),
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
  const add = (node: Named | undefined): void => {
    if (node?.name !== undefined) found.push(node);
  };
  for (let node: AstNode | undefined = from; node !== undefined; node = node.$container) {
    if (isWhere(node)) for (const binder of [node.query, node.key] as (Binder | undefined)[]) add(binder);
    else if (isPatternDeclaration(node)) node.parameters.forEach(add);
    else if (isFile(node)) {
      node.declarations.forEach(add);
      for (const statement of node.imports) for (const item of statement.names) add(item.target?.ref);
    }
  }
  return found;
}
