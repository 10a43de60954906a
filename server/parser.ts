import {
  type AstNode,
  type AsyncParser,
  type CstNode,
  CstNodeBuilder,
  DefaultValueConverter,
  type GrammarAST,
  type LangiumCoreServices,
  type ParseResult,
  type ValueType,
} from 'langium';
import type { File } from './generated/ast.ts';
import { createReusingParser, ReusingParser } from './reusing-parser.ts';
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
  #parser: ReusingParser | undefined;

  constructor(services: LangiumCoreServices) {
    this.#services = services;
  }

  async parse<T extends AstNode>(text: string): Promise<ParseResult<T>> {
    return this.reparse(text, undefined);
  }

  /** Reads a text that was edited; `previous` is the result for the text before, which must not be used afterwards. */
  async reparse<T extends AstNode>(text: string, previous: ParseResult | undefined): Promise<ParseResult<T>> {
    this.#parser ??= this.#first();
    try {
      return this.#parser.reparse<T>(text, previous);
    } catch {
      // Nesting deeper than the call stack also breaks the parser's own error handling, so the kind of exception says
      // nothing. The parser is left in the middle of its work: the next file gets a fresh one.
      this.#parser = createReusingParser(this.#services);
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

  #first(): ReusingParser {
    const { LangiumParser: parser } = this.#services.parser;
    return parser instanceof ReusingParser ? parser : createReusingParser(this.#services);
  }
}
