import type { LangiumDocument } from 'langium';
import type { CodeLensProvider } from 'langium/lsp';
import type { CodeLens, Command } from 'vscode-languageserver-protocol';
import type { Pattern } from '../../runtime/pattern/ir.ts';
import { patternAt, shapeAt } from '../../runtime/pattern/model.ts';
import { PatternError } from '../../runtime/pattern/primitive.ts';
import { isUniform } from '../../runtime/pattern/reads.ts';
import { squareShape } from '../../runtime/pattern/shape.ts';
import { type Counter, grouped, percent } from '../counting.ts';
import { type Declaration, isModelDeclaration, type ModelDeclaration } from '../generated/ast.ts';
import { fileOf } from '../imports.ts';
import { LowerError, lower, problemOf } from '../lower.ts';
import { placeOfProperty, rangeOf } from '../source.ts';
import { viewpointOf } from '../viewpoint.ts';
import { type Analyses, onlyMask } from './analyses.ts';
import type { SparseConfiguration } from './settings.ts';

/** What can be done with a pattern or model, which design it is, and its density, above its declaration. */
export class SparseCodeLensProvider implements CodeLensProvider {
  readonly #counter: Counter;
  readonly #analyses: Analyses;
  readonly #configuration: SparseConfiguration;
  readonly #milliseconds: number;

  /** `milliseconds`: longest time to count for all lenses of a file together. */
  constructor(counter: Counter, analyses: Analyses, configuration: SparseConfiguration, milliseconds: number) {
    this.#counter = counter;
    this.#analyses = analyses;
    this.#configuration = configuration;
    this.#milliseconds = milliseconds;
  }

  provideCodeLens(document: LangiumDocument): CodeLens[] {
    const end = performance.now() + this.#milliseconds;
    const { actions, density: showsDensity, design: showsDesign } = this.#configuration.current.codeLens;
    if (!actions && !showsDensity && !showsDesign) return [];
    return (fileOf(document)?.declarations ?? []).flatMap(declaration => {
      const place = placeOfProperty(declaration, 'name');
      if (declaration.$type === 'Constant' || declaration.name === undefined || place === undefined) return [];
      const range = rangeOf(document, place);
      const lens = (command: Command): CodeLens => ({ range, command });
      // Without a value for every parameter there is nothing to draw: the lens says what is missing.
      const problem = problemOf(declaration);
      if (problem !== null) return [lens({ title: problem, command: '' })];
      const argument = { uri: document.uri.toString(), name: declaration.name };
      const act = (title: string, command: string): CodeLens => lens({ title, command, arguments: [argument] });
      const density = showsDensity ? this.#density(declaration, end - performance.now()) : undefined;
      const design = showsDesign ? this.#design(declaration, end - performance.now()) : undefined;
      return [
        ...(actions
          ? [act('Preview', 'sparse.openPreview'), act('Run', 'sparse.runPattern'), act('Export', 'sparse.exportMask')]
          : []),
        ...(design === undefined ? [] : [act(design, 'sparse.openPreview')]),
        ...(density === undefined ? [] : [act(density, 'sparse.openPreview')]),
      ];
    });
  }

  /** The name of a known design, without its numbers; undefined as long as nobody knows. */
  #design(declaration: Declaration, milliseconds: number): string | undefined {
    try {
      const model = lower(declaration);
      if (isModelDeclaration(declaration)) {
        const only = onlyMask(model);
        return only === undefined
          ? (this.#analyses.scheduleOf(model, milliseconds)?.family ?? undefined)
          : this.#analyses.designOf(only.pattern, only.shape, milliseconds)?.family;
      }
      const view = viewpointOf(
        declaration.$type === 'PatternDeclaration' ? (declaration.body ?? declaration) : declaration,
      );
      const pattern = model.rules[0]?.pattern;
      if (view === undefined || pattern === undefined) return undefined;
      // Masks that are hard to count are no design that is found soon.
      const count = this.#counter.count(pattern, view.shape, milliseconds);
      if (count === undefined || count.pairs === null || count.error > 0 || count.selects) return undefined;
      const shape = count.tokens === view.shape.tokens ? view.shape : squareShape(count.tokens, view.shape);
      return this.#analyses.designOf(pattern, shape, milliseconds)?.family;
    } catch (error) {
      // What has no meaning has no design: the diagnostics say why.
      if (error instanceof LowerError || error instanceof PatternError || error instanceof RangeError) return undefined;
      throw error;
    }
  }

  #density(declaration: Declaration, milliseconds: number): string | undefined {
    try {
      if (isModelDeclaration(declaration)) return this.#modelDensity(declaration, milliseconds);
      const view = viewpointOf(
        declaration.$type === 'PatternDeclaration' ? (declaration.body ?? declaration) : declaration,
      );
      const pattern = lower(declaration).rules[0]?.pattern;
      if (view === undefined || pattern === undefined) return undefined;
      const count = this.#counter.count(pattern, view.shape, milliseconds);
      if (count === undefined || count.density === null) return undefined;
      return `density ${count.selects ? '≤ ' : count.error > 0 ? '≈ ' : ''}${percent(count.density)} at ${grouped(count.tokens)} tokens`;
    } catch (error) {
      // What has no meaning has no density: the diagnostics say why.
      if (error instanceof LowerError || error instanceof PatternError || error instanceof RangeError) return undefined;
      throw error;
    }
  }

  /** Mean over layers and heads; each rule is counted at its first layer and head. */
  #modelDensity(declaration: ModelDeclaration, milliseconds: number): string | undefined {
    const model = lower(declaration);
    const end = performance.now() + milliseconds;
    const seen = new Map<Pattern, { readonly layer: number; readonly head: number; times: number }>();
    for (let layer = 0; layer < model.layers; layer++)
      for (let head = 0; head < model.heads; head++) {
        const rule = model.rules.findLast(({ layers, heads }) => layers.includes(layer) && heads.includes(head));
        if (rule === undefined) return undefined;
        const before = seen.get(rule.pattern);
        if (before === undefined) seen.set(rule.pattern, { layer, head, times: 1 });
        else before.times++;
        if (performance.now() > end) return undefined;
      }
    let sum = 0;
    let approximate = false;
    for (const { layer, head, times } of seen.values()) {
      const pattern = patternAt(model, layer, head);
      if (pattern === undefined) return undefined;
      const count = this.#counter.count(pattern, shapeAt(model, layer, head), end - performance.now());
      if (count === undefined || count.density === null) return undefined;
      sum += count.density * times;
      approximate ||= count.error > 0 || (times > 1 && !isUniform(pattern));
    }
    return `density ${approximate ? '≈ ' : ''}${percent(sum / (model.layers * model.heads))} at ${grouped(model.tokens ?? 0)} tokens`;
  }
}
