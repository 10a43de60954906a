import type { LangiumDocument, LangiumDocuments } from 'langium';
import { knownCode } from './check/codes.ts';
import {
  checkNames,
  checkParameters,
  checkRecursion,
  reachedFrom,
  usesOtherFiles,
  usesUnknownNames,
} from './check/declarations.ts';
import { ExpressionChecker } from './check/expression.ts';
import type { Facts } from './check/facts.ts';
import { type Finding, Findings } from './check/finding.ts';
import { footingOf } from './check/footing.ts';
import { checkImports } from './check/imports.ts';
import { checkMaskFiles } from './check/mask-files.ts';
import { checkMeaning } from './check/meaning.ts';
import { Memory } from './check/memory.ts';
import { checkModel, type ReadModel } from './check/model.ts';
import { checkSense } from './check/sense.ts';
import { checkSyntax } from './check/syntax.ts';
import { type Declaration, type File, isModelDeclaration, type ModelDeclaration } from './generated/ast.ts';
import { fileOf } from './imports.ts';
import { LowerError } from './lower/error.ts';
import { placeOf } from './source.ts';

/**
 * Everything that is wrong with a linked document, in the order of its text. Never throws: broken and unfinished
 * files are the normal case while somebody types.
 */
export function checkDocument(
  document: LangiumDocument,
  documents: LangiumDocuments,
  facts: Facts,
  memory = new Memory(),
): readonly Finding[] {
  const check = new DocumentCheck(document, documents, facts, memory);
  while (!check.done) check.step();
  return check.findings;
}

/**
 * The check of one document: mistakes are known at once, what the compiler has to find out comes step by step. A
 * check is of use only until the document is linked anew.
 */
export class DocumentCheck {
  readonly #document: LangiumDocument;
  readonly #findings = new Findings();
  readonly #facts: Facts;
  #steps: Generator<void> | undefined;
  #isSettled = true;

  constructor(document: LangiumDocument, documents: LangiumDocuments, facts: Facts, memory: Memory) {
    this.#document = document;
    this.#facts = facts;
    checkSyntax(document, this.#findings);
    this.#guarded(() => {
      this.#steps = checkFile(document, documents, facts, memory, this.#findings);
    });
  }

  /** Is everything known? */
  get done(): boolean {
    return this.#steps === undefined;
  }

  /** Has it heard all there is? Otherwise the same check would come to more as soon as nobody waits for the server. */
  get isSettled(): boolean {
    return this.#isSettled;
  }

  /** Finds out one thing more. */
  step(): void {
    const before = this.#facts.postponed;
    this.#guarded(() => {
      if (this.#steps?.next().done !== false) this.#steps = undefined;
    });
    if (this.#facts.postponed !== before) this.#isSettled = false;
  }

  /** What is known so far, in the order of the text. */
  get findings(): readonly Finding[] {
    return [...this.#findings.list].sort((a, b) => a.place.start - b.place.start);
  }

  #guarded(action: () => void): void {
    try {
      action();
    } catch (error) {
      this.#steps = undefined;
      const text = this.#document.textDocument.getText();
      const place = { start: 0, end: Math.max(1, text.indexOf('\n')) };
      if (error instanceof RangeError)
        this.#findings.add('too-large', 'this file nests too deeply: name parts of it and use the names', place);
      else if (error instanceof LowerError)
        this.#findings.add(knownCode(error.code), error.message, error.span ?? place);
      else this.#findings.add('internal', `this file could not be checked: ${String(error)}`, place);
    }
  }
}

/** Reports mistakes; what it returns finds out, step by step, what is strange although it is no mistake. */
function checkFile(
  document: LangiumDocument,
  documents: LangiumDocuments,
  facts: Facts,
  memory: Memory,
  findings: Findings,
): Generator<void> | undefined {
  const file = fileOf(document);
  if (file === undefined) return undefined;
  const broken = brokenDeclarations(file, findings);
  checkImports(document, documents, findings);
  checkMaskFiles(document, findings);
  checkNames(file, findings);
  checkRecursion(file, findings);
  const mentioned = mentionedNames(document);
  const models = new Map<ModelDeclaration, ReadModel>();
  for (const declaration of file.declarations) {
    // What a half-written declaration means cannot be known: its syntax error is message enough.
    if (broken.has(declaration)) continue;
    // What is said about a name that is not there depends on all that are.
    const key = usesUnknownNames(declaration) ? undefined : footingOf(declaration);
    const model = memory.recall('form', declaration, key, findings, found => checkForm(declaration, mentioned, found));
    if (isModelDeclaration(declaration) && model !== undefined) models.set(declaration, model);
  }
  // What comes out of a circle of imports has no meaning, and the import says so.
  const circular = findings.list.some(({ code }) => code === 'import-cycle');
  const sound = (declaration: Declaration): boolean =>
    [...reachedFrom(declaration)].every(
      reached =>
        !broken.has(reached) &&
        // A model that got this far is well formed; that some head has no rule does not make the others meaningless.
        (isModelDeclaration(reached) || !findings.hasErrorsIn(reached)) &&
        !usesUnknownNames(reached) &&
        !(circular && usesOtherFiles(reached)),
    );
  checkMeaning(file, models, sound, memory, findings);
  return checkSense(file, models, sound, facts, memory, findings);
}

/** Names, calls, types and properties of one declaration; the result is there for a model that can be given a meaning. */
function checkForm(
  declaration: Declaration,
  mentioned: ReadonlySet<string>,
  findings: Findings,
): ReadModel | undefined {
  const checker = new ExpressionChecker(findings, mentioned);
  switch (declaration.$type) {
    case 'Constant':
      checker.check(declaration.value, 'number', `the constant \`${declaration.name}\``);
      return undefined;
    case 'PatternDeclaration':
      checkParameters(declaration, findings, checker);
      checker.check(declaration.body, 'pattern', `the pattern \`${declaration.name}\``);
      return undefined;
    case 'ModelDeclaration':
      return checkModel(declaration, findings, checker);
  }
}

/** Declarations with a syntax error: in them, or where the next one begins although this one is not finished. */
function brokenDeclarations(file: File, findings: Findings): ReadonlySet<Declaration> {
  const broken = new Set<Declaration>();
  const placed = file.declarations.flatMap(declaration => {
    const place = placeOf(declaration);
    if (place === undefined || declaration.name === undefined) broken.add(declaration);
    return place === undefined ? [] : [{ declaration, start: place.start }];
  });
  for (const { place } of findings.list) {
    const owner =
      placed.findLast(({ start }) => start < place.start) ?? placed.find(({ start }) => start === place.start);
    if (owner !== undefined) broken.add(owner.declaration);
  }
  return broken;
}

/** Names that the text declares although they could not be linked: a message about them would be an echo. */
function mentionedNames(document: LangiumDocument): ReadonlySet<string> {
  const names = new Set<string>();
  // What an import could not bring in was reported at the import.
  for (const statement of fileOf(document)?.imports ?? [])
    for (const item of statement.names) names.add(item.target?.$refText ?? '');
  if (document.parseResult.parserErrors.length === 0 && document.parseResult.lexerErrors.length === 0) return names;
  const text = document.textDocument.getText();
  for (const match of text.matchAll(/\b(?:const|pattern|model)\s+([A-Za-z_]\w*)/g)) names.add(match[1] ?? '');
  for (const match of text.matchAll(/\bimport\s*\{([^}]*)/g))
    for (const name of (match[1] ?? '').matchAll(/[A-Za-z_]\w*/g)) names.add(name[0]);
  return names;
}
