import type { AttentionRule, ModelDeclaration } from '../generated/ast.ts';
import { isReference } from '../generated/ast.ts';
import { type ModelFrame, ModelReader } from '../lower/model.ts';
import { MODEL_PROPERTIES, modelProperty } from '../model-properties.ts';
import { placeOf, placeOfProperty, textOf } from '../source.ts';
import { knownCode } from './codes.ts';
import type { ExpressionChecker } from './expression.ts';
import type { Findings } from './finding.ts';
import { addingProperty, addingRule, related, removing, removingItem, respelling, rounding, textAt } from './mends.ts';
import { suggestion } from './spelling.ts';

/** A rule whose selection is known. */
export interface ReadRule {
  readonly rule: AttentionRule;
  readonly layers: readonly number[];
  readonly heads: readonly number[];
}

/** A model whose properties make sense. */
export interface ReadModel {
  readonly frame: ModelFrame;
  readonly rules: readonly ReadRule[];
  /** Number of the rule that has the last word for each (layer, head), or -1: [layers][heads]. */
  readonly last: Int32Array;
}

/** Checks properties, selections and coverage; the result is there when the model can be given a meaning. */
export function checkModel(
  model: ModelDeclaration,
  findings: Findings,
  checker: ExpressionChecker,
): ReadModel | undefined {
  const before = findings.list.length;
  checkProperties(model, findings, checker);
  for (const rule of model.rules) {
    const axes = new Set<string>();
    for (const [index, selector] of rule.selectors.entries()) {
      if (axes.has(selector.axis))
        findings.atProperty(selector, 'axis', 'selector', `this rule already names its ${selector.axis}`, {
          mends: [removingItem(rule.selectors, index)],
        });
      axes.add(selector.axis);
      if (selector.from?.$type !== 'List') checker.check(selector.from, 'number', selector.axis);
      else checker.check(selector.from, 'positions', selector.axis);
      checker.check(selector.to, 'number', selector.axis);
      checker.check(selector.step, 'number', 'step');
    }
    checker.check(rule.pattern, 'pattern', '`attention`');
  }
  // Values are computed only from what is well formed.
  if (findings.list.length > before) return undefined;
  const reader = new ModelReader(model, error =>
    findings.add(knownCode(error.code), error.message, error.span, {
      mends:
        error.code === 'property-missing'
          ? [addingProperty(model, 'tokens = 4096')]
          : error.code === 'property-integer' && error.span !== undefined
            ? rounding(textAt(model, error.span), error.span)
            : [],
    }),
  );
  const frame = reader.frame();
  if (frame === undefined) return undefined;
  const rules: ReadRule[] = [];
  for (const rule of model.rules) {
    const layers = reader.selection(rule, 'layers');
    const heads = reader.selection(rule, 'heads');
    if (layers !== undefined && heads !== undefined) rules.push({ rule, layers, heads });
  }
  if (findings.list.length > before) return undefined;
  const last = lastWords(frame, rules);
  checkCoverage(model, { frame, rules, last }, findings);
  return { frame, rules, last };
}

function checkProperties(model: ModelDeclaration, findings: Findings, checker: ExpressionChecker): void {
  const seen = new Set<string>();
  for (const property of model.properties) {
    const known = modelProperty(property.name);
    if (known === undefined) {
      const names = [...Object.keys(MODEL_PROPERTIES), 'attention'];
      findings.atProperty(
        property,
        'name',
        'unknown-property',
        `a model has no property \`${property.name}\`${suggestion(property.name, names) || `; it has ${names.join(', ')}`}`,
        { mends: [respelling(property.name, names, placeOfProperty(property, 'name'))] },
      );
      continue;
    }
    if (seen.has(property.name))
      findings.atProperty(property, 'name', 'duplicate-property', `\`${property.name}\` is set twice`, {
        mends: [removing(property, `Remove ${textOf(property)}`)],
      });
    seen.add(property.name);
    if (known.type === 'choice') {
      const { value } = property;
      if (value !== undefined && (isReference(value) ? value.call : value.$type !== 'StringLiteral'))
        findings.at(value, 'property-value', `${property.name} is ${known.choices.join(' or ')}`);
    } else checker.check(property.value, known.type === 'bool' ? 'bool' : 'number', property.name);
  }
}

/** Every layer and head has a pattern, and every rule is the last word somewhere. */
function checkCoverage(model: ModelDeclaration, { frame, rules, last }: ReadModel, findings: Findings): void {
  const name = placeOfProperty(model, 'name');
  if (rules.length === 0) {
    findings.add('uncovered', `${model.name} says nothing about attention: add attention = window(512)`, name, {
      mends: [addingRule(model)],
    });
    return;
  }
  const { heads } = frame;
  const missing = last.indexOf(-1);
  if (missing >= 0) {
    const more = last.reduce((count, index) => count + (index < 0 ? 1 : 0), 0) - 1;
    findings.add(
      'uncovered',
      `no rule reaches layer ${Math.floor(missing / heads)}, head ${missing % heads}${more > 0 ? ` and ${more} more` : ''}; a rule without layers and heads reaches all of them`,
      name,
      { mends: [addingRule(model)] },
    );
  }
  const effective = new Set(last);
  for (const [index, { rule, layers: ruleLayers, heads: ruleHeads }] of rules.entries()) {
    if (effective.has(index)) continue;
    const start = placeOf(rule)?.start;
    const end = rule.selectors.reduce((most, selector) => Math.max(most, placeOf(selector)?.end ?? 0), 0);
    const place = start === undefined ? undefined : { start, end: Math.max(end, start + 'attention'.length) };
    if (ruleLayers.length === 0 || ruleHeads.length === 0)
      findings.add('rule-empty', 'this rule names no layer or no head', place, {
        mends: [removing(rule, 'Remove this rule')],
      });
    else
      findings.add('rule-overridden', 'later rules override this one everywhere', place, {
        related: overriders(rules, index, last, heads).map(other => related(placeOf(other), 'overridden here')),
        mends: [removing(rule, 'Remove this rule')],
      });
  }
}

function lastWords({ layers, heads }: ModelFrame, rules: readonly ReadRule[]): Int32Array {
  const last = new Int32Array(layers * heads).fill(-1);
  for (const [index, rule] of rules.entries())
    for (const layer of rule.layers) for (const head of rule.heads) last[layer * heads + head] = index;
  return last;
}

/** The rules that have the last word where another one applies. */
function overriders(rules: readonly ReadRule[], index: number, last: Int32Array, heads: number): AttentionRule[] {
  const found = new Set<number>();
  const own = rules[index];
  for (const layer of own?.layers ?? [])
    for (const head of own?.heads ?? []) found.add(last[layer * heads + head] ?? -1);
  return [...found].flatMap(other => rules[other]?.rule ?? []);
}
