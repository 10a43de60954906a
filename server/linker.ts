import {
  type AstNode,
  AstUtils,
  type Cancellation,
  DefaultLinker,
  interruptAndCheck,
  type LangiumDocument,
  type ReferenceInfo,
} from 'langium';
import { fileOf } from './imports.ts';

/** The names in statements: they stay as they are as long as a statement is not read again. */
const known = new WeakMap<AstNode, readonly ReferenceInfo[]>();

/** Everything in an import or a declaration that refers to something else. */
export function referencesIn(statement: AstNode): readonly ReferenceInfo[] {
  const before = known.get(statement);
  if (before !== undefined) return before;
  const found = AstUtils.streamAst(statement)
    .flatMap(node => AstUtils.streamReferences(node))
    .toArray();
  known.set(statement, found);
  return found;
}

/** All names of a document. */
export function* referencesOf(document: LangiumDocument): Generator<ReferenceInfo> {
  const file = fileOf(document);
  for (const statement of [...(file?.imports ?? []), ...(file?.declarations ?? [])]) yield* referencesIn(statement);
}

/** Links one statement after the other, without looking for its names each time. */
export class SparseLinker extends DefaultLinker {
  override async link(document: LangiumDocument, token?: Cancellation.CancellationToken): Promise<void> {
    const file = fileOf(document);
    for (const statement of [...(file?.imports ?? []), ...(file?.declarations ?? [])]) {
      if (token !== undefined) await interruptAndCheck(token);
      for (const reference of referencesIn(statement)) this.doLink(reference, document);
    }
  }
}
