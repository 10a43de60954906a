import type { Declaration, File, ModelDeclaration } from '../generated/ast.ts';
import { isModelDeclaration } from '../generated/ast.ts';
import type { Facts } from './facts.ts';
import { Findings } from './finding.ts';
import { checkFlow, checkFuture, checkQueries } from './masks.ts';
import type { Memory } from './memory.ts';
import type { ReadModel } from './model.ts';
import { OperandChecker } from './operands.ts';
import { Scenes } from './scene.ts';
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
  memory: Memory,
  findings: Findings,
): Generator<void> {
  const scenes = new Scenes(file, models);
  const sound: [ModelDeclaration, string | undefined][] = [];
  for (const declaration of file.declarations) {
    if (!isSound(declaration)) continue;
    const key = scenes.footingOf(declaration);
    if (isModelDeclaration(declaration)) sound.push([declaration, key]);
    yield* recalled('sense', declaration, key, facts, memory, findings, function* (found) {
      for (const scene of scenes.of(declaration)) {
        yield;
        checkBlocks(scene, found);
        checkWindows(scene, facts, found);
        yield;
        new OperandChecker(scene, facts, found).check();
        yield;
        checkQueries(scene, facts, found);
      }
    });
  }
  for (const [model, key] of sound)
    yield* recalled('layers', model, key, facts, memory, findings, function* (found) {
      const rules = scenes.of(model);
      if (rules.length === 0) return;
      yield;
      checkFuture(rules, facts, found);
      yield;
      checkFlow(rules, facts, found);
    });
}

/** One part of the checks of a declaration, as it is remembered or step by step. */
function* recalled(
  part: string,
  declaration: Declaration,
  key: string | undefined,
  facts: Facts,
  memory: Memory,
  findings: Findings,
  run: (found: Findings) => Generator<void>,
): Generator<void> {
  if (memory.known(part, declaration, key, findings) !== undefined) return;
  const found = new Findings();
  const before = facts.unsettled;
  try {
    yield* run(found);
    // What took too long this time may be known the next time.
    memory.keep(part, declaration, facts.unsettled === before ? key : undefined, found, undefined);
  } finally {
    findings.addAll(found.list);
  }
}
