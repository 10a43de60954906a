import { type Expression, textOf } from '../recognise/expression.ts';
import { everywhere, type Proposal, type ProposalShape } from './proposal.ts';
import { bestAt, type Choice, type Choices, divided } from './search.ts';

/** Densities of the frontier, and what heads may have that need less or more than others. */
export const LADDER = [1 / 8, 1 / 4, 1 / 2, 3 / 4, 1, 3 / 2, 2, 4];
const ASKED = LADDER.indexOf(1);
/** A head gets a pattern of its own when that keeps so much more of it. */
const WORTH = 0.005;
/** More words in the pattern of a single head have to keep so much more. */
const WORDS = 0.002;
/** Proposals that are estimated to keep less than the best by this are not measured. */
const HOPELESS = 0.05;

/** The best member of each family at the budget that was asked for, unless it is far behind. */
export function sharedProposals(forAll: Choices, shape: ProposalShape): Proposal[] {
  const best = new Map<string, Choice>();
  for (const ofFamily of forAll) {
    const choice = ofFamily[ASKED];
    if (choice !== undefined && choice.recall > (best.get(choice.family)?.recall ?? -1))
      best.set(choice.family, choice);
  }
  const least = Math.max(...[...best.values()].map(({ recall }) => recall)) - HOPELESS;
  return [...best.values()]
    .filter(({ recall }) => recall >= least)
    .map(({ family, expression }) => everywhere(family, expression, shape));
}

/** A pattern for each head where it pays: with as many pairs each, and with more for those that need them. */
export function ownProposals(own: readonly Choices[], forAll: Choices, shape: ProposalShape, most: number): Proposal[] {
  if (own.length < 2) return [];
  const shared = bestAt(forAll, ASKED, WORDS);
  const at = forAll.findIndex(ofFamily => ofFamily[ASKED] === shared);
  const equal = own.map(ofHead => {
    const best = bestAt(ofHead, ASKED, WORDS);
    const common = ofHead[at]?.[ASKED];
    return shared !== undefined && (best === undefined || best.recall - (common?.recall ?? 0) < WORTH) ? shared : best;
  });
  const ladders = own.map(ofHead => LADDER.flatMap((_, budget) => bestAt(ofHead, budget, WORDS) ?? []));
  return [
    { family: 'a pattern for each head', chosen: equal },
    { family: 'a pattern for each head, more pairs where they are needed', chosen: divided(ladders, most) ?? [] },
  ].flatMap(({ family, chosen }) => {
    const expressions = chosen.flatMap((choice): Expression[] => (choice === undefined ? [] : [choice.expression]));
    if (expressions.length < own.length || new Set(expressions.map(textOf)).size === 1) return [];
    const { heads, layers } = shape;
    return [
      {
        family,
        isDynamic: false,
        expressions: layers.map((_, layer) => expressions.slice(layer * heads, (layer + 1) * heads)),
      },
    ];
  });
}
