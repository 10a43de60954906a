import { type AstNode, isReference } from 'langium';
import { type Declaration, isDeclaration } from '../generated/ast.ts';
import { referencesIn } from '../linker.ts';
import { stringsIn } from '../mask-files.ts';
import { knownOf } from './declarations.ts';

/** What the names in a declaration were linked to when it was last looked at, and a number for that. */
interface Links {
  readonly targets: readonly (AstNode | undefined)[];
  readonly number: number;
}

const links = new WeakMap<Declaration, Links>();
let numbers = 0;

/** Another number as soon as the declaration is read again or one of its names means another node. */
function linksOf(declaration: Declaration): Links {
  const targets = referencesIn(declaration).map(({ reference }) =>
    isReference(reference) ? reference.ref : undefined,
  );
  const before = links.get(declaration);
  if (before?.targets.length === targets.length && before.targets.every((target, index) => target === targets[index]))
    return before;
  const now = { targets, number: ++numbers };
  links.set(declaration, now);
  return now;
}

/**
 * A name for the text of a declaration together with that of everything it uses, directly or not, in whatever file: as
 * long as it is the same, the declaration means the same. Undefined for what also rests on something that is no text.
 * Places in the file may move all the same.
 */
export function footingOf(declaration: Declaration): string | undefined {
  const own = knownOf(declaration);
  own.footing ??= { name: findFooting(declaration) };
  return own.footing.name;
}

function findFooting(declaration: Declaration): string | undefined {
  const reached = new Set<Declaration>([declaration]);
  let name = '';
  for (const each of reached) {
    // Strings name files, whose contents are not in the text.
    if (stringsIn(each).length > 0) return undefined;
    const { targets, number } = linksOf(each);
    name += `${number} `;
    for (const target of targets) if (isDeclaration(target)) reached.add(target);
  }
  return name;
}
