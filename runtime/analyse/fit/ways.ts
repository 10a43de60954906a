import { textOf } from '../recognise/expression.ts';
import { expressionOf, type Part } from '../recognise/parts.ts';
import { type Fit, no, yes } from './library.ts';
import type { FitMask, FitSubject } from './subject.ts';

export function square(side: number): { readonly queries: number; readonly keys: number } {
  return { queries: side, keys: side };
}

/** The parts of a mask by kind, where there is one of each of these and no other. */
export function parts(
  mask: FitMask,
  ...kinds: Part['kind'][]
): Partial<{ [K in Part['kind']]: Extract<Part, { kind: K }> }> | undefined {
  const found = mask.whole?.parts;
  if (found === undefined || found.length !== kinds.length) return undefined;
  const named = Object.fromEntries(found.map(part => [part.kind, part]));
  return kinds.every(kind => named[kind] !== undefined) ? named : undefined;
}

/** The first mask for which a way to say it is lacking, and why. */
export function each(subject: FitSubject, say: (mask: FitMask) => string | Fit): Fit {
  const said = new Set<string>();
  for (const mask of subject.masks) {
    const how = say(mask);
    if (typeof how !== 'string') return how;
    said.add(how);
  }
  return yes([...said].join('; '));
}

/** Lists can be long, and a reason is read at a glance. */
function short(text: string): string {
  return text.length > 100 ? `${text.slice(0, 100)}...` : text;
}

/** Why a mask is not of a kind that a configuration can say. */
export function notThis(mask: FitMask, wanted: string): Fit {
  const { whole } = mask;
  if (whole !== undefined) return no(`it takes ${wanted} alone, but this is ${short(textOf(expressionOf(whole)))}`);
  const { contiguous } = mask.rows;
  if (contiguous.holds) return no(`it takes ${wanted} alone`);
  const { query, before, missing, after } = contiguous.counterexample;
  return no(`it takes ${wanted} alone, but query ${query} sees keys ${before} and ${after} and not ${missing}`, {
    query,
    key: missing,
  });
}
