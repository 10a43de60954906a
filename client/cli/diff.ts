import { type Command, Option } from 'commander';
import type { ModelComparison } from '../../runtime/analyse/compare-models.ts';
import { placesText } from '../../runtime/analyse/places.ts';
import { asFailure } from './explain.ts';
import { Failure, wrongUse } from './failure.ts';
import { inThread } from './in-thread.ts';
import { jsonDocument } from './json-output.ts';
import { counted, grouped, parseIndex, parseTokens } from './numbers.ts';
import type { Session } from './session.ts';
import type { Sources } from './sources.ts';
import { checkIndex, needsTokens, openSubject, type Subject } from './subject.ts';

interface DiffOptions {
  readonly expr?: string;
  readonly tokens?: number;
  readonly layer?: number;
  readonly head?: number;
  readonly json?: boolean;
}

/** Adds `diff`: how two masks differ. Its exit code is that of `diff` and `cmp`. */
export function addDiff(program: Command, session: Session, sources: Sources): void {
  program
    .command('diff')
    .summary('compare two patterns or models')
    .description(
      'Compares two patterns or models by their pairs, exactly: equal, one within the other, disjoint or overlapping,\n' +
        'with counts each way and the first pair that differs. Models are compared in every layer and head.\n' +
        'The exit code is 0 when they are equal, 1 when they differ, and 2 when they cannot be compared.',
    )
    .argument('<A>', 'a .sparse file and what in it is meant: FILE or FILE#NAME')
    .argument('[B]', 'the other one')
    .option('--expr <EXPRESSION>', 'a pattern to use instead of B')
    .addOption(
      new Option('--tokens <N>', "sequence length: 4096, 4Ki, 1Mi; replaces a model's own").argParser(parseTokens),
    )
    .addOption(new Option('--layer <L>', 'only this layer, from 0').argParser(parseIndex))
    .addOption(new Option('--head <H>', 'only this head, from 0').argParser(parseIndex))
    .option('--json', 'print one JSON object')
    .addHelpText(
      'after',
      "\nExamples:\n  sparse diff examples/longformer.sparse#longformer --expr 'window(512) | global([0])' --tokens 4096\n  sparse diff before.sparse#Base after.sparse#Base --json",
    )
    .action((a: string, b: string | undefined, options: DiffOptions) => diff(a, b, options, session, sources));
}

async function diff(
  a: string,
  b: string | undefined,
  options: DiffOptions,
  session: Session,
  sources: Sources,
): Promise<void> {
  const comparison = await compare(a, b, options, session, sources).catch((error: unknown) => {
    const failure = asFailure(error, sources);
    // 1 means that the two differ.
    throw failure.exitCode === 1 ? wrongUse(failure.message) : failure;
  });
  const { first, second, ...found } = comparison;
  session.print(
    options.json === true
      ? jsonDocument('diff', { first: first.name, second: second.name, ...found })
      : report(first.name, second.name, found),
  );
  if (!found.equal) throw new Failure(1, '');
}

async function compare(
  a: string,
  b: string | undefined,
  options: DiffOptions,
  session: Session,
  sources: Sources,
): Promise<ModelComparison & { readonly first: Subject; readonly second: Subject }> {
  if (b === undefined && options.expr === undefined)
    throw wrongUse("name two patterns, FILE#NAME each, or give the second one with --expr 'window(8)'");
  if (b !== undefined && options.expr !== undefined) throw wrongUse('give either B or --expr, not both');
  const { tokens, layer, head } = options;
  const place = {
    ...(tokens === undefined ? {} : { tokens }),
    ...(layer === undefined ? {} : { layer }),
    ...(head === undefined ? {} : { head }),
  };
  const first = await openNamed(sources, a, place);
  const second =
    options.expr === undefined
      ? await openNamed(sources, b ?? '', place)
      : await openSubject(sources, undefined, { ...place, expr: options.expr });
  for (const { name, model } of [first, second]) checkIndex(name, 'head', head, model.heads);
  if (tokens === undefined && first.model.tokens === null && second.model.tokens === null) throw needsTokens(first);
  const job = { kind: 'compare', first: first.model, second: second.model, choice: place } as const;
  const comparison = await session.during('Comparing', () => inThread(job, session.signal));
  return { ...comparison, first: named(first, a), second: named(second, b) };
}

/** FILE or FILE#NAME; a name is a word, so that other marks belong to the path. */
function openNamed(sources: Sources, written: string, place: object): Promise<Subject> {
  const [, file = written, of] = /^(.+)#(\w+)$/.exec(written) ?? [];
  return openSubject(sources, file, of === undefined ? place : { ...place, of });
}

/** A subject by what the user wrote, where that says more than its name. */
function named(subject: Subject, written: string | undefined): Subject {
  if (written === undefined) return subject;
  return { ...subject, name: written.endsWith(`#${subject.name}`) ? written : `${written}#${subject.name}` };
}

function report(first: string, second: string, { tokens, queries, layers, heads, masks }: ModelComparison): string {
  const size = `${counted(tokens, 'token')}${queries === tokens ? '' : queries === 1 ? ', 1 query' : `, ${grouped(queries)} queries`}`;
  const parts = masks.map(({ at, relation, onlyFirst, onlySecond, both, difference }) => {
    const where = layers > 1 || heads > 1 ? [placesText(at, layers, heads)] : [];
    const verdict = {
      equal: 'equal',
      contained: `${first} is contained in ${second}`,
      containing: `${second} is contained in ${first}`,
      disjoint: 'disjoint: no pair is in both',
      overlapping: 'overlapping',
    }[relation];
    const lines: [string, string][] = [
      ['only in the first', grouped(onlyFirst)],
      ['only in the second', grouped(onlySecond)],
      ['in both', grouped(both)],
      ...(difference === undefined
        ? []
        : ([
            ['first difference', `query ${difference.query}, key ${difference.key}: only in the ${difference.heldBy}`],
          ] satisfies [string, string][])),
    ];
    const width = Math.max(...lines.map(([label]) => label.length)) + 2;
    return [...where, verdict, ...lines.map(([label, value]) => label.padEnd(width) + value)].join('\n');
  });
  return [`${first} and ${second}, ${size}`, ...parts].join('\n\n');
}
