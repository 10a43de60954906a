import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Command, Option } from 'commander';
import { bindCandidates } from '../../runtime/pattern/bind.ts';
import type { Model, Pattern } from '../../runtime/pattern/ir.ts';
import { coveredAt, patternAt, shapeAt } from '../../runtime/pattern/model.ts';
import { PatternError } from '../../runtime/pattern/primitive.ts';
import { type Shape, squareShape } from '../../runtime/pattern/shape.ts';
import { LowerError } from '../../server/language.ts';
import { onlyDeclaration } from '../api/only-declaration.ts';
import { diagnose, diagnosticLine } from './diagnostics.ts';
import { badFile, wrongUse } from './failure.ts';
import { parseIndex, parseTokens } from './numbers.ts';
import type { Sources } from './sources.ts';

/** The length that is suggested to whoever gave none. */
const USUAL_TOKENS = 4096;
/** What a pattern is refused for that fits one length only. */
const OTHER_LENGTH = new Set(['shape-product', 'documents-length', 'mask-shape']);
/** Paths in an expression are relative to the folder that the command was given in. */
export const HERE = pathToFileURL(path.resolve('expression.sparse')).href;

/** The options with which every command but `check` says what it is about. */
export interface SubjectOptions {
  readonly of?: string;
  readonly expr?: string;
  readonly tokens?: number;
  readonly layer?: number;
  readonly head?: number;
}

/** A pattern or a model, from a file or from the command line. */
export interface Subject {
  readonly name: string;
  /** Text of the file, or the expression. */
  readonly source: string;
  /** A bare pattern is a model with one rule and no length, just large enough for the layer and head that were asked for. */
  readonly model: Model;
}

/** Adds the argument FILE and the options that choose what in it is meant. */
export function withSubject(command: Command, headDescription: string): Command {
  return command
    .argument('[FILE]', 'a .sparse file; - for standard input')
    .option('--of <NAME>', 'the pattern or model (may be left out when FILE declares one thing, or one model)')
    .option('--expr <EXPRESSION>', 'a pattern to use instead of FILE and --of')
    .addOption(
      new Option('--tokens <N>', "sequence length: 4096, 4Ki, 1Mi; replaces a model's own").argParser(parseTokens),
    )
    .addOption(
      new Option('--layer <L>', 'layer, from 0 (default: 0); any will do for a pattern without a model').argParser(
        parseIndex,
      ),
    )
    .addOption(new Option('--head <H>', headDescription).argParser(parseIndex));
}

/** Finds what FILE, --of and --expr name. Throws Failure. */
export async function openSubject(
  sources: Sources,
  file: string | undefined,
  options: SubjectOptions,
): Promise<Subject> {
  const subject = await find(sources, file, options);
  if (subject.model.kind === 'pattern')
    return { ...subject, model: reaching(subject.model, options.layer ?? 0, options.head ?? 0) };
  checkIndex(subject.name, 'layer', options.layer, subject.model.layers);
  return subject;
}

/** The pattern and shape of one layer and head. Throws Failure (2) when there is no such head or no length, PatternError when it has no rule. */
export function maskOf(subject: Subject, options: SubjectOptions): { pattern: Pattern; shape: Shape } {
  const { name, model } = subject;
  const layer = options.layer ?? 0;
  const head = options.head ?? 0;
  checkIndex(name, 'head', options.head, model.heads);
  if (model.tokens === null && options.tokens === undefined) throw needsTokens(subject);
  return { pattern: coveredAt(model, layer, head), shape: shapeAt(model, layer, head, options.tokens) };
}

/** What to say about a bare pattern without --tokens. */
export function needsTokens({ name, model }: Subject): Error {
  const length = onlyLength(model);
  const hint = length === undefined ? `, e.g. --tokens ${USUAL_TOKENS}` : `: ${length}`;
  return wrongUse(`${name} is a pattern, which has no length of its own; add --tokens${hint}`);
}

/** Why a pattern fits one length only, such as `the shape 4 x 8 has 32 positions`; undefined when the usual one will do. */
function onlyLength(model: Model): string | undefined {
  const layer = model.layers - 1;
  const head = model.heads - 1;
  const pattern = patternAt(model, layer, head);
  if (pattern === undefined) return undefined;
  try {
    bindCandidates(pattern, squareShape(USUAL_TOKENS, { layer, layers: model.layers, head, heads: model.heads }));
    return undefined;
  } catch (error) {
    if (!(error instanceof PatternError) || !OTHER_LENGTH.has(error.code)) return undefined;
    // Nobody has asked for the usual length.
    return error.message.replace(/, but n is \d+$/, '');
  }
}

/** Throws Failure (2) when a layer or head that was asked for does not exist. */
export function checkIndex(owner: string, what: 'layer' | 'head', index: number | undefined, count: number): void {
  if (index === undefined || index < count) return;
  const all = count === 1 ? `only ${what} 0` : `${what}s 0 to ${count - 1}`;
  throw wrongUse(`there is no ${what} ${index}: ${owner} has ${all}`);
}

/** A bare pattern as a model that has this layer and head: a pattern has a meaning at any, unless it brings its own heads. */
function reaching(model: Model, layer: number, head: number): Model {
  const ownHeads = model.heads > 1;
  const heads = ownHeads ? model.heads : head + 1;
  return {
    ...model,
    layers: layer + 1,
    heads,
    kvHeads: heads,
    rules: model.rules.map(rule => ({ ...rule, layers: [layer], heads: ownHeads ? rule.heads : [head] })),
  };
}

async function find(sources: Sources, file: string | undefined, options: SubjectOptions): Promise<Subject> {
  if (options.expr !== undefined) {
    if (file !== undefined) throw wrongUse('give either FILE or --expr, not both');
    if (options.of !== undefined) throw wrongUse('--of names something in FILE; it has no meaning with --expr');
    return fromExpression(sources, options.expr);
  }
  if (file === undefined) throw wrongUse("name a .sparse file, or give a pattern with --expr 'window(8)'");
  return fromFile(sources, file, options);
}

async function fromExpression(sources: Sources, expression: string): Promise<Subject> {
  try {
    return { name: expression, source: expression, model: await sources.language.lowerExpression(expression, HERE) };
  } catch (error) {
    if (!(error instanceof LowerError)) throw error;
    const at = error.span === undefined ? '' : ` (at character ${error.span.start + 1})`;
    throw badFile(`--expr: ${error.message}${at} [${error.code}]`);
  }
}

/** Names of the patterns and models of a file that can stand alone, in its order. Throws Failure. */
export async function namesIn(sources: Sources, file: string): Promise<readonly string[]> {
  const { checked } = await openSound(sources, file);
  return checked
    .declarations()
    .filter(({ problem }) => problem === null)
    .map(({ name }) => name);
}

/** A file without errors. Throws Failure with all of them. */
async function openSound(sources: Sources, file: string) {
  const source = await sources.read(file);
  const { text } = source;
  const errors = (await diagnose(sources, source)).filter(({ severity }) => severity === 'error');
  if (errors.length > 0 || text === null)
    throw badFile(errors.map(error => diagnosticLine(source.path, error)).join('\n'));
  return { source, text, checked: await sources.language.open(source.uri, text) };
}

async function fromFile(sources: Sources, file: string, options: SubjectOptions): Promise<Subject> {
  const { source, text, checked } = await openSound(sources, file);
  const declarations = checked.declarations();
  const name = options.of ?? nameMeant(source.path, declarations);
  const declaration = declarations.find(candidate => candidate.name === name);
  if (declaration === undefined) {
    throw wrongUse(
      declarations.length === 0
        ? `${source.path} declares no pattern and no model`
        : `${source.path} declares no pattern or model ${name}; it has ${list(declarations)}`,
    );
  }
  if (declaration.problem !== null) throw wrongUse(declaration.problem);
  const { tokens } = options;
  try {
    return { name, source: text, model: checked.lower(name, tokens === undefined ? {} : { tokens }) };
  } catch (error) {
    if (!(error instanceof LowerError)) throw error;
    const place = sources.locate(error.span) ?? source.path;
    throw badFile(`${place}: error: ${error.message} [${error.code}]`);
  }
}

type Declarations = readonly { readonly name: string; readonly kind: 'pattern' | 'model' }[];

/** The name that is meant when none is given. */
function nameMeant(file: string, declarations: Declarations): string {
  const only = onlyDeclaration(declarations);
  if (only !== undefined) return only.name;
  throw wrongUse(
    declarations.length === 0
      ? `${file} declares no pattern and no model`
      : `say with --of which one of ${file} is meant: ${list(declarations)}`,
  );
}

function list(declarations: Declarations): string {
  return declarations.map(({ name }) => name).join(', ');
}
