import type { Model } from '../runtime/pattern/ir.ts';
import { headsOfMasks } from '../runtime/pattern/reads.ts';
import { adjustedBy } from './adjustable.ts';
import type { Declaration, File } from './generated/ast.ts';
import { outermost } from './lower/environment.ts';
import { LowerError } from './lower/error.ts';
import { lowerModel } from './lower/model.ts';
import { lowerDeclaration } from './lower/pattern.ts';
import type { Adjustments } from './protocol.ts';
import { spanOfProperty } from './source.ts';

export { LowerError } from './lower/error.ts';

/**
 * A declaration as the runtime understands it; `tokens` replaces a model's own, `adjustments` what is written. A bare pattern becomes a model with
 * one rule and no length, and has the heads that its mask files have. Throws LowerError.
 */
export function lower(declaration: Declaration, tokens?: number, adjustments: Adjustments = {}): Model {
  const adjusted = adjustedBy(declaration, adjustments);
  switch (declaration.$type) {
    case 'ModelDeclaration':
      return lowerModel(declaration, tokens, adjusted);
    case 'PatternDeclaration': {
      const pattern = lowerDeclaration(declaration, outermost(adjusted));
      // A mask file may say how many heads there are.
      const heads = headsOfMasks(pattern) ?? 1;
      return {
        name: declaration.name,
        kind: 'pattern',
        tokens: null,
        queries: null,
        align: 'end',
        layers: 1,
        heads,
        kvHeads: heads,
        headDim: null,
        dtype: 'f16',
        batch: 1,
        causal: false,
        rules: [{ layers: [0], heads: Array.from({ length: heads }, (_, head) => head), pattern }],
      };
    }
    case 'Constant':
      throw new LowerError(
        'no-pattern',
        `${declaration.name} is a number: patterns and models can be shown, run and exported`,
        spanOfProperty(declaration, 'name'),
      );
  }
}

/** The pattern or model of that name. Throws LowerError with the names there are. */
export function declarationNamed(file: File, name: string): Declaration {
  const named = file.declarations.filter(declaration => declaration.name === name);
  const [found] = named;
  if (found !== undefined) return found;
  const names = file.declarations.flatMap(declaration =>
    declaration.$type === 'Constant' || declaration.name === undefined ? [] : declaration.name,
  );
  throw new LowerError(
    'unknown-name',
    `there is no pattern or model \`${name}\`${names.length === 0 ? '' : `; this file has ${names.join(', ')}`}`,
    undefined,
  );
}

/** Why a declaration cannot be shown on its own, or null. */
export function problemOf(declaration: Declaration): string | null {
  if (declaration.$type !== 'PatternDeclaration') return null;
  const required = declaration.parameters.filter(parameter => parameter.default === undefined).map(({ name }) => name);
  return required.length === 0
    ? null
    : `${declaration.name} needs ${required.join(' and ')}: give ${required.length === 1 ? 'it a default' : 'them defaults'}, or use it in another pattern or a model`;
}
