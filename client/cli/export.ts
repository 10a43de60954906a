import path from 'node:path';
import { type Command, Option } from 'commander';
import { exportSubject } from '../../runtime/export/export-subject.ts';
import { aliasesOf, type FormatName, formatNameOf, formatNames } from '../../runtime/export/format-names.ts';
import { type ContentOptions, checkChosen, chosenFor, INPUT_OPTION } from './chosen-subject.ts';
import { wrongUse } from './failure.ts';
import { inThread } from './in-thread.ts';
import { jsonDocument } from './json-output.ts';
import { bytes, grouped } from './numbers.ts';
import type { Session } from './session.ts';
import type { Sources } from './sources.ts';
import { maskOf, openSubject, type Subject, withSubject } from './subject.ts';
import { checkNew, checkWritable, writeWholeFile } from './write-file.ts';

interface ExportOptions extends ContentOptions {
  readonly format: string;
  readonly out: string;
  readonly allHeads?: boolean;
  readonly approximate?: boolean;
  readonly force?: boolean;
  readonly json?: boolean;
}

/** Adds `export`: masks as a file, and where the format has two, the other one beside it. */
export function addExport(program: Command, session: Session, sources: Sources): void {
  withSubject(
    program
      .command('export')
      .summary('write a mask to a file')
      .description(
        'Writes the mask of one layer and head, or of all heads, to a file, whole or not at all.\n' +
          'What is chosen by content is written as it is for the tensors of --input.',
      ),
    'head, from 0 (default: 0); any will do for a pattern without a model',
  )
    .option(...INPUT_OPTION)
    .addOption(
      new Option('--all-heads', 'the masks of all heads of the layer, where the format holds several').conflicts(
        'head',
      ),
    )
    .addOption(new Option('--format <ID>', `kind of file: ${ids()}`).makeOptionMandatory())
    .addOption(new Option('--out <PATH>', 'the file to write; - for stdout').makeOptionMandatory())
    .option('--force', 'replace the file when it exists')
    .option('--json', 'print one JSON object that says what was written')
    .option(
      '--approximate',
      'where the format knows only whole blocks, allow them whole; says how many pairs that adds',
    )
    .addHelpText(
      'after',
      "\n`sparse formats` says what is in each kind of file, and which masks it holds exactly.\n\nExamples:\n  sparse export examples/longformer.sparse --of LongformerBase --format safetensors --out plan.safetensors\n  sparse export examples/longformer.sparse --of LongformerBase --layer 6 --all-heads --format flex --out mask.py\n  sparse export --expr 'topk(16, within: causal())' --input qkv.safetensors --format npz --out mask.npz",
    )
    .action((file: string | undefined, options: ExportOptions) => exportMask(file, options, session, sources));
}

/** What `--format` takes for a format: its id, and other words for it. */
function words(format: FormatName): string {
  const others = aliasesOf(format);
  return others.length === 0 ? format.id : `${format.id} (or ${others.join(', ')})`;
}

function ids(): string {
  return formatNames.map(words).join(', ');
}

async function exportMask(
  file: string | undefined,
  options: ExportOptions,
  session: Session,
  sources: Sources,
): Promise<void> {
  const format = formatNameOf(options.format);
  if (format === undefined) throw wrongUse(`there is no format ${options.format}; choose one of ${ids()}`);
  const places = placesOf(format, options.out);
  if (places === undefined && options.json === true)
    throw wrongUse('--json says on stdout what was written, so that --out has to name a file');
  const written = await openSubject(sources, file, options);
  if (options.allHeads === true && options.input === undefined) checkHasHeads(written);
  const head = options.allHeads === true ? undefined : (options.head ?? 0);
  const subject = await chosenFor(written, options, head, session);
  const { pattern, shape } = maskOf(subject, options);
  checkChosen(subject, pattern, shape);
  for (const place of places ?? []) {
    await checkWritable(place);
    if (options.force !== true) await checkNew(place);
  }
  const { files, addedPairs } = await session.during('Exporting', () =>
    inThread(
      {
        kind: 'export',
        format: options.format,
        subject: {
          ...exportSubject(subject.model, {
            layer: options.layer ?? 0,
            head: options.allHeads === true ? 'all' : (options.head ?? 0),
            tokens: options.tokens,
            source: subject.source,
          }),
          name: subject.name,
          ...(options.approximate === true && { approximate: true }),
        },
      },
      session.signal,
    ),
  );
  if (addedPairs > 0) session.note(`allows ${grouped(addedPairs)} pairs that the mask does not have`);
  if (places === undefined) {
    await session.write(files[0].bytes);
    return;
  }
  // What the first file refers to is there before it.
  for (const [index, place] of [...places.entries()].reverse()) {
    const contents = files[index]?.bytes;
    // Not every mask needs a second file.
    if (contents === undefined) continue;
    await session.during('Writing', async () => {
      if (options.force !== true) await checkNew(place);
      await writeWholeFile(place, contents, session.signal);
    });
    session.note(`wrote ${place} (${bytes(contents.length)})`);
  }
  if (options.json === true) {
    const { layer, head, tokens, queries } = shape;
    session.print(
      jsonDocument('export', {
        name: subject.name,
        id: format.id,
        tokens,
        queries,
        layer,
        head: options.allHeads === true ? null : head,
        addedPairs,
        // As many as the mask needs.
        files: files.map(({ bytes: { length } }, index) => ({ path: places[index], bytes: length })),
      }),
    );
  }
}

/** The paths of the files of a format; undefined for stdout. Throws Failure (2). */
function placesOf({ id, beside }: FormatName, out: string): readonly string[] | undefined {
  if (out === '-') {
    if (beside !== undefined) throw wrongUse(`${id} writes two files, which do not fit on stdout; name a file`);
    return undefined;
  }
  if (beside === undefined) return [out];
  const { dir, name, ext } = path.parse(out);
  if (ext === `.${beside}`) throw wrongUse(`${id} writes a second file with the ending ${ext}; give --out another one`);
  return [out, path.join(dir, `${name}.${beside}`)];
}

/** Throws Failure (2) for a pattern, which has no heads of its own. */
function checkHasHeads({ name, model }: Subject): void {
  if (model.kind === 'pattern' && model.heads === 1)
    throw wrongUse(`${name} is a pattern, which has no heads of its own; leave out --all-heads`);
}
