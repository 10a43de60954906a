import { AstUtils } from 'langium';
import type { Pattern } from '../../runtime/pattern/ir.ts';
import type { Shape } from '../../runtime/pattern/shape.ts';
import { grouped } from '../counting.ts';
import { isExpression, isModelDeclaration, isPatternDeclaration } from '../generated/ast.ts';
import { type Place, placeOf, placeOfProperty, uriOf } from '../source.ts';
import type { Facts, Subject } from './facts.ts';
import type { Findings, Mend } from './finding.ts';
import { inHead } from './heads.ts';
import { addingProperty, makingCausal, related, replacing, same, shortened, textAt, ungrouped } from './mends.ts';
import { chainOf, sees } from './operands.ts';
import type { Scene } from './scene.ts';

const CAUSAL: Pattern = { kind: 'primitive', name: 'causal', args: {} };

/** Part of a pattern's pairs that may be an oversight. */
const HARDLY_ANY = 0.2;

/** Most different masks of one model whose flow is followed. */
const MOST_MASKS = 32;

/** The pattern as the model applies it. */
function applied({ pattern, model }: Scene): Pattern {
  return model?.frame.causal ? { kind: 'intersection', left: pattern, right: CAUSAL } : pattern;
}

/** Does somebody say outright that nothing attends? */
function isNone(pattern: Pattern): boolean {
  return pattern.kind === 'named' ? isNone(pattern.pattern) : pattern.kind === 'primitive' && pattern.name === 'none';
}

/** A query that attends to nothing, in a rule or in a pattern that stands for itself. */
export function checkQueries(scene: Scene, facts: Facts, findings: Findings): void {
  if (scene.model === undefined && !scene.unused) return;
  if (isNone(scene.pattern)) return;
  const pattern = applied(scene);
  let first: { readonly query: number; readonly shape: Shape } | undefined;
  for (const shape of scene.shapes) {
    const query = facts.emptyQuery(pattern, shape);
    if (typeof query === 'number') {
      first ??= { query, shape };
      if (scene.model !== undefined) break;
    } else if (scene.model === undefined) return;
  }
  if (first === undefined) return;
  findings.add(
    'empty-query',
    `query ${first.query} attends to nothing${inHead(pattern, first.shape)}: its output is all zeros (n = ${grouped(first.shape.tokens)})`,
    scene.place,
  );
}

/**
 * In a model that is not said to be causal: the one rule, or the one operand of a rule's union, that sees the future
 * while all the others do not.
 */
export function checkFuture(rules: readonly Scene[], facts: Facts, findings: Findings): void {
  if (rules[0]?.model === undefined || rules[0].model.frame.causal) return;
  const ahead = rules.map(scene => firstAhead(scene.pattern, scene.shapes, facts));
  if (ahead.includes(undefined)) return;
  const looking = rules.filter((_, index) => ahead[index] !== null);
  if (looking.length === 1 && rules.length > 1) {
    const [scene] = looking;
    const found = scene === undefined ? undefined : ahead[rules.indexOf(scene)];
    if (scene === undefined || found === undefined || found === null) return;
    findings.add(
      'sees-future',
      `this rule lets ${sees(found.pair)}${inHead(scene.pattern, found.shape)}, while all others see only the past`,
      scene.place,
      {
        related: rules.filter(other => other !== scene).map(({ place }) => related(place, 'sees only the past')),
        mends: [causalMend(scene)],
      },
    );
    return;
  }
  for (const scene of looking) checkFutureOperand(scene, facts, findings);
}

function firstAhead(pattern: Pattern, shapes: readonly Shape[], facts: Facts) {
  for (const shape of shapes) {
    const pair = facts.pairOutside(pattern, CAUSAL, shape);
    if (pair === undefined) return undefined;
    if (pair !== null) return { pair, shape };
  }
  return null;
}

function checkFutureOperand(scene: Scene, facts: Facts, findings: Findings): void {
  let { pattern } = scene;
  while (pattern.kind === 'named') pattern = pattern.pattern;
  if (pattern.kind !== 'union') return;
  const operands = chainOf(pattern);
  const ahead = operands.map(operand => firstAhead(operand, scene.shapes, facts));
  if (ahead.includes(undefined)) return;
  const looking = operands.filter((_, index) => ahead[index] !== null);
  const [operand] = looking;
  if (looking.length !== 1 || operand === undefined || operands.length < 2) return;
  if (!isNearlyCausal(scene, facts)) return;
  const found = ahead[operands.indexOf(operand)];
  if (found === undefined || found === null) return;
  const { span } = operand;
  const inRule = scene.owns(span);
  const inFile = span !== undefined && span.uri === uriOf(scene.node);
  const who = inRule
    ? 'this operand'
    : inFile
      ? `\`${shortened(textAt(scene.node, span))}\` in this pattern`
      : 'one operand of this pattern';
  findings.add(
    'sees-future',
    `${who} lets ${sees(found.pair)}, while the others see only the past`,
    inRule ? span : scene.place,
    {
      related: [inFile && !inRule ? related(span, 'it stands here') : undefined],
      mends: [inRule ? operandMend(scene, span) : causalMend(scene), causalModelMend(scene)],
    },
  );
}

/** Does a pattern see so little of the future that it can hardly be meant? */
function isNearlyCausal({ pattern, shapes: [shape] }: Scene, facts: Facts): boolean {
  if (shape === undefined) return false;
  const all = facts.tiles(pattern, shape)?.pairs;
  const future = facts.tiles({ kind: 'difference', left: pattern, right: CAUSAL }, shape)?.pairs;
  return all !== undefined && future !== undefined && Number(future) < HARDLY_ANY * Number(all);
}

function operandMend({ node }: Scene, span: Place): Mend | undefined {
  const found = AstUtils.streamAst(node).find(each => isExpression(each) && same(placeOf(each), span));
  return found !== undefined && isExpression(found) ? makingCausal(found) : undefined;
}

function causalMend({ node }: Scene): Mend | undefined {
  return isPatternDeclaration(node) || node.pattern === undefined ? undefined : makingCausal(ungrouped(node.pattern));
}

function causalModelMend({ node }: Scene): Mend | undefined {
  const model = node.$container;
  if (!isModelDeclaration(model)) return undefined;
  const title = 'Make the model causal';
  const property = model.properties.find(({ name }) => name === 'causal');
  const mend =
    property === undefined
      ? addingProperty(model, 'causal = true', title)
      : replacing(placeOf(property.value), 'true', title);
  return mend === undefined ? undefined : { ...mend, preferred: false };
}

/** Pairs that no number of layers connects, in a model that applies its layers again and again. */
export function checkFlow(rules: readonly Scene[], facts: Facts, findings: Findings): void {
  const model = rules[0]?.model;
  if (model === undefined || model.last.includes(-1)) return;
  const { tokens, queries } = model.frame;
  // Only where every key is also a query there is a next layer for it.
  if (tokens === null || (queries !== null && queries !== tokens)) return;
  // A rule whose masks are too many to look at could connect anything.
  const effective = new Set(model.last);
  if (effective.size !== rules.length) return;
  const subjects: Subject[] = rules.flatMap(scene => scene.shapes.map(shape => ({ pattern: applied(scene), shape })));
  if (subjects.length > MOST_MASKS || rules.some(({ pattern }) => isNone(pattern))) return;
  const flow = facts.flow(subjects);
  if (flow === undefined || flow === 'connected') return;
  const [only] = rules;
  const node = only?.node.$container;
  const place = rules.length === 1 ? only?.place : isModelDeclaration(node) ? placeOfProperty(node, 'name') : undefined;
  findings.add(
    'disconnected',
    `however many layers there are, query ${flow.query} learns nothing of key ${flow.key}: no path of allowed pairs leads there (n = ${grouped(tokens)})`,
    place,
    { related: rules.length === 1 ? [] : rules.map(scene => related(scene.place, 'one of the rules')) },
  );
}
