import { type AstNode, CstUtils, type LangiumDocument, type LeafCstNode } from 'langium';
import type { HoverProvider } from 'langium/lsp';
import type { Hover, HoverParams } from 'vscode-languageserver-protocol';
import { CompileError } from '../../runtime/compile/mask-tree.ts';
import type { Pattern } from '../../runtime/pattern/ir.ts';
import { evaluate } from '../../runtime/pattern/numbers.ts';
import { PatternError } from '../../runtime/pattern/primitive.ts';
import { type Shape, squareShape } from '../../runtime/pattern/shape.ts';
import { type Count, type Counter, grouped, pairsText, percent } from '../counting.ts';
import {
  codeBlock,
  documentationOf,
  parameterDocumentation,
  patternSignature,
  primitiveDocumentation,
  primitiveSignature,
} from '../documentation.ts';
import {
  type Constant,
  type Expression,
  isArgument,
  isAttentionRule,
  isBinder,
  isConstant,
  isImportName,
  isModelDeclaration,
  isParameter,
  isPatternDeclaration,
  isProperty,
  isReference,
  isWhere,
  type ModelDeclaration,
  type Parameter,
  type PatternDeclaration,
  type Property,
  type Reference,
} from '../generated/ast.ts';
import { fileOf } from '../imports.ts';
import { outermost } from '../lower/environment.ts';
import { lowerNumber } from '../lower/number.ts';
import { lowerDeclaration, lowerPattern } from '../lower/pattern.ts';
import { LowerError, lower } from '../lower.ts';
import { modelProperty } from '../model-properties.ts';
import { FUNCTIONS, meaningOf, SHAPE_NAMES } from '../names.ts';
import type { Idle } from '../slow-answers.ts';
import { textOf } from '../source.ts';
import { formalsOf, parameterType } from '../types.ts';
import { frameOf, shapeOfRule, type Viewpoint, viewpointOf } from '../viewpoint.ts';
import { type Analyses, onlyMask } from './analyses.ts';
import { flowText } from './flow-text.ts';
import { MaskPictures } from './mask-picture.ts';
import { ModelCosts } from './model-costs.ts';
import type { SparseConfiguration } from './settings.ts';

/**
 * Longest time to count and draw for one hover; most patterns take a few milliseconds. What is not ready by then is when
 * the pointer comes back.
 */
const MILLISECONDS = 10;
/** Where nobody waits. */
const PATIENT = 300;

/** Declarations of a file whose hovers are prepared; more pictures than are kept would be drawn in vain. */
const MOST_PREPARED = 32;

/** Rules of a model of which a picture is shown. */
const MOST_PICTURES = 3;

/** Words of the language that are worth explaining. */
const KEYWORDS: Readonly<Record<string, string>> = {
  where:
    '`where (i, j) => condition`: all pairs of query `i` and key `j` for which the condition holds. It reaches as far to the right as it can; inside a larger expression it stands in parentheses.',
  attention:
    '`attention [layers SEL] [heads SEL] = pattern` gives layers and heads their pattern. A later rule overrides an earlier one; without a selection it reaches all of them.',
  step: '`step k` takes every k-th of the selected layers or heads.',
};

/** Documentation and exact costs of what the pointer rests on. */
export class SparseHoverProvider implements HoverProvider {
  readonly #counter: Counter;
  readonly #configuration: SparseConfiguration;
  readonly #pictures: MaskPictures;
  readonly #costs: ModelCosts;
  readonly #analyses: Analyses;
  readonly #milliseconds: number;
  /** When the answer has to be there. */
  #end = 0;

  /** With `idle` answers come at once, and what takes longer is found out later. */
  constructor(counter: Counter, analyses: Analyses, configuration: SparseConfiguration, idle?: Idle) {
    this.#counter = counter;
    this.#analyses = analyses;
    this.#configuration = configuration;
    this.#pictures = new MaskPictures(idle);
    this.#costs = new ModelCosts(idle);
    this.#milliseconds = idle === undefined ? PATIENT : MILLISECONDS;
  }

  getHoverContent(document: LangiumDocument, params: HoverParams): Hover | undefined {
    const root = document.parseResult.value.$cstNode;
    if (root === undefined) return undefined;
    const leaf = CstUtils.findDeclarationNodeAtOffset(root, document.textDocument.offsetAt(params.position));
    if (leaf === undefined || leaf.hidden) return undefined;
    this.#end = performance.now() + this.#milliseconds;
    const value = this.#content(leaf);
    if (value === undefined || value === '') return undefined;
    return {
      contents: { kind: 'markdown', value },
      range: { start: document.textDocument.positionAt(leaf.offset), end: document.textDocument.positionAt(leaf.end) },
    };
  }

  /** Leaves what hovers over the declarations of a linked document will show for when nobody waits. */
  prepare(document: LangiumDocument): void {
    this.#end = Number.NEGATIVE_INFINITY;
    for (const declaration of fileOf(document)?.declarations.slice(0, MOST_PREPARED) ?? [])
      this.#declaration(declaration);
  }

  #content(leaf: LeafCstNode): string | undefined {
    const { astNode: node, text } = leaf;
    if (isReference(node)) return text === node.target?.$refText ? this.#reference(node) : undefined;
    if (isArgument(node)) return text === node.parameter?.$refText ? argument(node.$container, text) : undefined;
    if (isImportName(node)) return this.#declaration(node.target?.ref);
    if (isProperty(node)) return text === node.name ? property(node) : undefined;
    if (isBinder(node)) return binder(node);
    const keyword = KEYWORDS[text];
    if (keyword !== undefined && (isWhere(node) || isAttentionRule(node) || text === 'step')) {
      const cost = isWhere(node) ? this.#cost(node) : undefined;
      return [keyword, cost].filter(part => part !== undefined).join('\n\n---\n\n');
    }
    if (node !== undefined && 'name' in node && text === node.name) return this.#declaration(node);
    return undefined;
  }

  #reference(node: Reference): string | undefined {
    const meaning = meaningOf(node);
    switch (meaning.kind) {
      case 'primitive':
        return sections(
          codeBlock(primitiveSignature(meaning.primitive)),
          primitiveDocumentation(meaning.primitive),
          this.#cost(node),
        );
      case 'pattern':
        return sections(
          codeBlock(`pattern ${patternSignature(meaning.node)}`),
          documentationOf(meaning.node),
          this.#cost(node),
        );
      case 'function': {
        const { call, documentation } = FUNCTIONS[meaning.name];
        return sections(codeBlock(call), documentation);
      }
      case 'shape':
        return sections(codeBlock(meaning.name), SHAPE_NAMES[meaning.name], numberAt(node));
      case 'parameter':
        return sections(
          parameter(meaning.node),
          parameterType(meaning.node) === 'pattern' ? this.#cost(node) : undefined,
        );
      case 'binder':
        return binder(meaning.node);
      case 'constant':
        return constant(meaning.node);
      default:
        return undefined;
    }
  }

  #declaration(node: AstNode | undefined): string | undefined {
    if (isPatternDeclaration(node))
      return sections(
        codeBlock(`pattern ${patternSignature(node)}`),
        documentationOf(node),
        this.#declarationCost(node),
      );
    if (isModelDeclaration(node)) return this.#model(node);
    if (isConstant(node)) return constant(node);
    if (isParameter(node)) return parameter(node);
    return undefined;
  }

  #model(node: ModelDeclaration): string {
    const frame = frameOf(node);
    const lines: string[] = [];
    const pictures: string[] = [];
    if (frame !== undefined) {
      const dimension = frame.headDim === null ? '' : `, head_dim ${frame.headDim}`;
      lines.push(
        `${grouped(frame.tokens ?? 0)} tokens, ${grouped(frame.layers)} layers, ${grouped(frame.heads)} heads${dimension}`,
      );
      for (const rule of node.rules.slice(0, 8)) {
        const shape = shapeOfRule(frame, rule, node);
        const view = { shape, environment: outermost(), model: node.name, blocks: false };
        const about = this.#look(() => lowerPattern(rule.pattern, view.environment), view);
        lines.push(`- \`${textOf(rule)}\`${about === undefined ? '' : `: ${shortCost(about.count)}`}`);
        if (about === undefined || pictures.length === MOST_PICTURES) continue;
        const pattern = frame.causal ? causal(about.pattern) : about.pattern;
        pictures.push(this.#picture(pattern, shape) ?? '');
      }
    }
    const costs = this.#modelCost(node);
    return (
      sections(
        codeBlock(`model ${node.name}`),
        documentationOf(node),
        lines.join('\n\n'),
        pictures.filter(picture => picture !== '').join(' '),
        this.#modelAnalysis(node),
        costs,
      ) ?? ''
    );
  }

  /** How the layers take turns, or which design all of them are, and how information flows through them. */
  #modelAnalysis(node: ModelDeclaration): string | undefined {
    if (!this.#configuration.current.hover.analysis) return undefined;
    try {
      const model = lower(node);
      const schedule = this.#analyses.scheduleOf(model, this.#left);
      const only = onlyMask(model);
      const design = only && this.#analyses.designOf(only.pattern, only.shape, this.#left);
      const flow = this.#analyses.flowOf(model, this.#left);
      const lines = [
        schedule && `Layers: **${schedule.title}**`,
        design && `Design: **${design.title}**`,
        flow && flowText(flow),
      ];
      return lines.filter(line => line !== undefined).join('\n\n');
    } catch (error) {
      return nothingFor(error);
    }
  }

  #modelCost(node: ModelDeclaration): string | undefined {
    try {
      return this.#costs.of(lower(node), this.#left);
    } catch (error) {
      return nothingFor(error);
    }
  }

  #declarationCost(node: PatternDeclaration): string | undefined {
    const view = viewpointOf(node.body ?? node);
    return view === undefined ? undefined : this.#about(() => lowerDeclaration(node, outermost()), view);
  }

  #cost(node: Expression): string | undefined {
    const view = viewpointOf(node);
    return view === undefined ? undefined : this.#about(() => lowerPattern(node, view.environment), view);
  }

  /** Pairs, density and complexity of a pattern, and a picture of it. */
  #about(lowered: () => Pattern, view: Viewpoint): string | undefined {
    const about = this.#look(lowered, view);
    if (about === undefined) return undefined;
    // What is left of the time goes to what takes longest.
    const picture = this.#picture(about.pattern, view.shape);
    const parts = [cost(about.count, view), this.#analysis(about.pattern, about.count, view), picture];
    return parts.filter(part => part !== undefined && part !== '').join('\n\n');
  }

  /** Which design a mask is, and how information flows through layers of it; where counting it was easy. */
  #analysis(pattern: Pattern, count: Count, { shape: asked, blocks }: Viewpoint): string | undefined {
    if (blocks || !this.#wantsAnalysis(count)) return undefined;
    // A grid has a length of its own.
    const shape = count.tokens === asked.tokens ? asked : squareShape(count.tokens, asked);
    const design = this.#analyses.designOf(pattern, shape, this.#left);
    const flow = this.#analyses.flowOfPattern(pattern, shape, this.#left);
    const lines = [design && `Design: **${design.title}**`, flow && flowText(flow)];
    return lines.filter(line => line !== undefined).join('\n\n');
  }

  #wantsAnalysis({ pairs, error, selects }: Count): boolean {
    return this.#configuration.current.hover.analysis && pairs !== null && error === 0 && !selects;
  }

  #picture(pattern: Pattern, shape: Shape): string | undefined {
    return this.#configuration.current.hover.picture ? this.#pictures.of(pattern, shape, this.#left) : undefined;
  }

  /** Milliseconds; what is not ready when there are none is found out later. */
  get #left(): number {
    return this.#end - performance.now();
  }

  #look(
    lowered: () => Pattern,
    { shape }: Viewpoint,
  ): { readonly pattern: Pattern; readonly count: Count } | undefined {
    try {
      const pattern = lowered();
      const count = this.#counter.count(pattern, shape, this.#left);
      return count === undefined ? undefined : { pattern, count };
    } catch (error) {
      return nothingFor(error);
    }
  }
}

function causal(pattern: Pattern): Pattern {
  return { kind: 'intersection', left: pattern, right: { kind: 'primitive', name: 'causal', args: {} } };
}

/** What has no meaning has no cost: the diagnostics say why. */
function nothingFor(error: unknown): undefined {
  if (
    error instanceof LowerError ||
    error instanceof PatternError ||
    error instanceof CompileError ||
    error instanceof RangeError
  )
    return undefined;
  throw error;
}

function sections(...parts: readonly (string | undefined)[]): string | undefined {
  const written = parts.filter(part => part !== undefined && part !== '');
  return written.length === 0 ? undefined : written.join('\n\n---\n\n');
}

function cost(count: Count, { shape, model, blocks }: Viewpoint): string {
  const unit = blocks ? 'blocks' : 'tokens';
  const at = `at ${grouped(count.tokens)} ${unit}${model === undefined ? '' : ` (${model})`}`;
  const rows =
    shape.queries === shape.tokens
      ? ''
      : `, ${shape.queries === 1 ? 'one query' : `${grouped(shape.queries)} queries`}`;
  if (count.pairs === null || count.density === null)
    return `${count.complexity}, ${at}${rows}\n\nCounting the pairs takes longer than a hover should: point here again in a moment, or open the preview.`;
  if (count.selects)
    return `At most **${grouped(count.pairs)} pairs** of ${grouped(count.all)}, density up to **${percent(count.density)}**, ${count.complexity}, ${at}${rows}\n\nThe pairs are chosen by content, from queries and keys.`;
  if (count.error > 0)
    return `**${pairsText(count)}** of ${grouped(count.all)}, density **≈ ${percent(count.density)}**, ${count.complexity}, ${at}${rows}\n\nThe condition repeats nowhere, so its pairs are estimated from a sample; the bound holds but for one case in a million.`;
  return `**${grouped(count.pairs)} pairs** of ${grouped(count.all)}, density **${percent(count.density)}**, ${count.complexity}, ${at}${rows}`;
}

function shortCost(count: Count): string {
  return count.pairs === null || count.density === null
    ? count.complexity
    : `${pairsText(count)}, density ${count.error > 0 ? '≈ ' : ''}${percent(count.density)}, ${count.complexity}`;
}

function argument(call: Reference, name: string): string | undefined {
  const meaning = meaningOf(call);
  if (meaning.kind === 'primitive') {
    const found = meaning.primitive.parameters.find(candidate => candidate.name === name);
    return found === undefined ? undefined : parameterDocumentation(found);
  }
  const found = formalsOf(call)?.find(candidate => candidate.name === name);
  return found?.node === undefined ? undefined : parameter(found.node);
}

function parameter(node: Parameter): string {
  const type = parameterType(node);
  const written = type === 'unknown' || type === 'condition' ? '' : `: ${type}`;
  const value = node.default === undefined ? '' : ` = ${textOf(node.default)}`;
  const of = isPatternDeclaration(node.$container) ? `Parameter of \`${node.$container.name}\`.` : '';
  return sections(codeBlock(`${node.name}${written}${value}`), documentationOf(node), of) ?? '';
}

function binder(node: { readonly $container?: AstNode; readonly name?: string }): string | undefined {
  if (!isWhere(node.$container) || node.name === undefined) return undefined;
  const isQuery = node.$container.query === node;
  return sections(codeBlock(node.name), `The position of the ${isQuery ? 'query' : 'key'}, counted from 0.`);
}

function constant(node: Constant): string {
  const text = node.value === undefined ? '' : textOf(node.value);
  const value = node.value === undefined ? undefined : numberAt(node.value);
  const written = value === undefined || value === `= ${text}` ? undefined : value;
  return sections(codeBlock(`const ${node.name} = ${text}`), documentationOf(node), written) ?? '';
}

/** The value of a number where it stands: `= 4,096`. */
function numberAt(node: Expression): string | undefined {
  const view = viewpointOf(node);
  if (view === undefined) return undefined;
  try {
    return `= ${evaluate(lowerNumber(node, view.environment), view.shape)}`;
  } catch (error) {
    return nothingFor(error);
  }
}

function property(node: Property): string | undefined {
  const known = modelProperty(node.name);
  if (known === undefined) return undefined;
  const values = known.type === 'choice' ? known.choices.join(' | ') : known.type === 'bool' ? 'bool' : 'number';
  return sections(
    codeBlock(`${node.name}: ${values}${known.default === undefined ? '' : ` = ${known.default}`}`),
    known.documentation,
  );
}
