import type { AttentionRule, Declaration, File, ModelDeclaration } from '../generated/ast.ts';
import { isModelDeclaration } from '../generated/ast.ts';
import type { Facts } from './facts.ts';
import type { Findings } from './finding.ts';
import { checkFlow, checkFuture, checkQueries } from './masks.ts';
import type { ReadModel } from './model.ts';
import { OperandChecker } from './operands.ts';
import { type Scene, scenesOf } from './scene.ts';
import { checkBlocks, checkWindows } from './tiles.ts';

/**
 * What is strange about well-formed declarations, as the compiler sees them. Looks at one thing after the other and
 * yields in between, so that the caller can stop when the text has changed.
 */
export function* checkSense(
  file: File,
  models: ReadonlyMap<ModelDeclaration, ReadModel>,
  isSound: (declaration: Declaration) => boolean,
  facts: Facts,
  findings: Findings,
): Generator<void> {
  const rules = new Map<AttentionRule['$container'], Scene[]>();
  for (const scene of scenesOf(file, models, isSound)) {
    yield;
    checkBlocks(scene, findings);
    checkWindows(scene, facts, findings);
    yield;
    new OperandChecker(scene, facts, findings).check();
    yield;
    checkQueries(scene, facts, findings);
    if (scene.node.$type === 'AttentionRule') {
      const model = scene.node.$container;
      rules.set(model, [...(rules.get(model) ?? []), scene]);
    }
  }
  for (const [model, scenes] of rules) {
    if (!isModelDeclaration(model)) continue;
    yield;
    checkFuture(scenes, facts, findings);
    yield;
    checkFlow(scenes, facts, findings);
  }
}
