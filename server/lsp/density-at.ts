import type { LangiumDocument } from 'langium';
import type { Position } from 'vscode-languageserver-types';
import { PatternError } from '../../runtime/pattern/primitive.ts';
import { Counter } from '../counting.ts';
import {
  type Declaration,
  type Expression,
  isModelDeclaration,
  isPatternDeclaration,
  type ModelDeclaration,
} from '../generated/ast.ts';
import { fileOf } from '../imports.ts';
import { LowerError } from '../lower/error.ts';
import { lowerPattern } from '../lower/pattern.ts';
import type { DensityResult } from '../protocol.ts';
import { placeOf } from '../source.ts';
import { viewpointOf } from '../viewpoint.ts';

/** Longest time to count: the cursor moves often. */
const MILLISECONDS = 16;

/** The density of the pattern at a position: that of a declaration, or of a model's rule. */
export class DensityAt {
  readonly #counter: Counter;

  constructor(counter = new Counter()) {
    this.#counter = counter;
  }

  find(document: LangiumDocument, position: Position): DensityResult | null {
    const offset = document.textDocument.offsetAt(position);
    const around = (node: Declaration | ModelDeclaration['rules'][number]): boolean => {
      const place = placeOf(node);
      return place !== undefined && place.start <= offset && offset <= place.end;
    };
    const declaration = fileOf(document)?.declarations.find(around);
    if (isPatternDeclaration(declaration)) return this.#count(declaration.name, declaration.body);
    if (!isModelDeclaration(declaration)) return null;
    // Outside of its rules a model is as dense as its first one.
    const rule = declaration.rules.find(around) ?? declaration.rules[0];
    return rule === undefined ? null : this.#count(declaration.name, rule.pattern);
  }

  #count(name: string | undefined, expression: Expression | undefined): DensityResult | null {
    if (name === undefined || expression === undefined) return null;
    const view = viewpointOf(expression);
    if (view === undefined) return null;
    try {
      const count = this.#counter.count(lowerPattern(expression, view.environment), view.shape, MILLISECONDS);
      if (count === undefined) return null;
      const { density, error, complexity, tokens } = count;
      return { name, density, approximate: error > 0, complexity, tokens };
    } catch (error) {
      // What has no meaning has no density: the diagnostics say why.
      if (error instanceof LowerError || error instanceof PatternError || error instanceof RangeError) return null;
      throw error;
    }
  }
}
