import type { Command } from 'commander';
import type { LibraryFit } from '../../runtime/analyse/fit.ts';
import { inThread } from './in-thread.ts';
import { jsonDocument } from './json-output.ts';
import { counted } from './numbers.ts';
import type { Session } from './session.ts';
import type { Sources } from './sources.ts';
import { checkIndex, needsTokens, openSubject, type SubjectOptions, withSubject } from './subject.ts';

interface FitOptions extends SubjectOptions {
  readonly json?: boolean;
}

/** Adds `fit`: which libraries can express a mask exactly. */
export function addFit(program: Command, session: Session, sources: Sources): void {
  withSubject(
    program
      .command('fit')
      .summary('say which libraries can express a mask')
      .description(
        'Says for each attention library whether it can express the masks of a layer exactly, how, and if not, why:\n' +
          'the rule that stops it, and a query and key that show it.',
      ),
    'only this head, from 0 (default: all heads of the layer together)',
  )
    .option('--json', 'print one JSON object')
    .addHelpText(
      'after',
      "\nExamples:\n  sparse fit examples/longformer.sparse --of LongformerBase\n  sparse fit --expr 'sliding(512)' --tokens 4096 --json",
    )
    .action((file: string | undefined, options: FitOptions) => look(file, options, session, sources));
}

async function look(file: string | undefined, options: FitOptions, session: Session, sources: Sources): Promise<void> {
  const subject = await openSubject(sources, file, options);
  const { name, model } = subject;
  checkIndex(name, 'head', options.head, model.heads);
  const tokens = options.tokens ?? model.tokens;
  if (tokens === null) throw needsTokens(subject);
  const layer = options.layer ?? 0;
  // A bare pattern has as many heads as were asked for, and only the last of them.
  const head = options.head ?? (model.kind === 'pattern' ? 0 : undefined);
  const choice = { layer, tokens, ...(head === undefined ? {} : { head }) };
  const found = await session.during('Looking', () => inThread({ kind: 'fit', model, choice }, session.signal));
  if (options.json === true) {
    const { layers, heads } = model;
    const about = { name, tokens, layer, layers, head: head ?? null, heads };
    session.print(jsonDocument('fit', { ...about, libraries: found }));
    return;
  }
  const of = [
    counted(tokens, 'token'),
    ...(model.layers > 1 ? [`layer ${layer} of ${model.layers}`] : []),
    ...(model.heads > 1 ? [head === undefined ? `all ${model.heads} heads` : `head ${head} of ${model.heads}`] : []),
  ];
  session.print([`${name}, ${of.join(', ')}`, ...found.map(line)].join('\n'));
}

function line(library: LibraryFit): string {
  const { name, version } = library;
  return `\n${library.fits ? 'yes' : 'no '}  ${name}, ${version}\n     ${library.fits ? library.how : library.because}`;
}
