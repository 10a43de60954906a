import {
  type AstNode,
  type AsyncParser,
  type CstNode,
  CstNodeBuilder,
  createLangiumParser,
  DefaultValueConverter,
  type GrammarAST,
  type LangiumCoreServices,
  type LangiumParser,
  type ParseResult,
  type ValueType,
} from 'langium';
import type { File } from './generated/ast.ts';
import { SyntaxMessages } from './syntax-messages.ts';

const KI = 1024;

/** `4_096`, `4Ki`, `1Mi`, `0.5`, `1e-3`. */
export function numberValue(text: string): number {
  const unit = text.endsWith('Ki') ? KI : text.endsWith('Mi') ? KI * KI : 1;
  return Number(text.replace(/Ki|Mi|_/g, '')) * unit;
}

/** The text inside the quotes; a string that is not closed is reported elsewhere. */
export function stringValue(text: string): string {
  const closed = text.length > 1 && text.endsWith('"');
  const escapes: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r' };
  return text
    .slice(1, closed ? -1 : undefined)
    .replace(/\\(.)/g, (_, character: string) => escapes[character] ?? character);
}

export class SparseValueConverter extends DefaultValueConverter {
  protected override runConverter(rule: GrammarAST.AbstractRule, input: string, cstNode: CstNode): ValueType {
    if (rule.name === 'NUMBER') return numberValue(input);
    if (rule.name === 'STRING') return stringValue(input);
    return super.runConverter(rule, input, cstNode);
  }
}

/** Parses, and answers what brings the parser down (nesting deeper than the call stack) with an error of the file. */
export class SparseAsyncParser implements AsyncParser {
  readonly #services: LangiumCoreServices;
  #parser: LangiumParser | undefined;

  constructor(services: LangiumCoreServices) {
    this.#services = services;
  }

  async parse<T extends AstNode>(text: string): Promise<ParseResult<T>> {
    this.#parser ??= this.#services.parser.LangiumParser;
    try {
      return this.#parser.parse<T>(text);
    } catch {
      // Nesting deeper than the call stack also breaks the parser's own error handling, so the kind of exception says
      // nothing. The parser is left in the middle of its work: the next file gets a fresh one.
      this.#parser = createLangiumParser(this.#services);
      const message = 'this file nests too deeply to be read: name parts of it and use the names';
      const empty = this.#parser.parse<T>('');
      const file: File = { $type: 'File', imports: [], declarations: [] };
      const parserErrors = [SyntaxMessages.unreadable(text, message)];
      // Its root holds the text that was read: that is how others tell whether a syntax tree is of the text as it is now.
      const tree = new CstNodeBuilder();
      const value = { ...empty.value, ...file, $cstNode: tree.buildRootNode(text) };
      tree.construct(value);
      return { ...empty, value, parserErrors };
    }
  }
}
