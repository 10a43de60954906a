import type { AstNode } from 'langium';
import type { Span } from '../../runtime/pattern/ir.ts';
import { spanOf } from '../source.ts';

/** A declaration that has no meaning yet: unfinished, recursive, or with values that cannot be. */
export class LowerError extends Error {
  readonly code: string;
  readonly span: Span | undefined;

  constructor(code: string, message: string, at: AstNode | Span | undefined) {
    super(message);
    this.name = 'LowerError';
    this.code = code;
    this.span = at === undefined ? undefined : '$type' in at ? spanOf(at) : at;
  }
}
