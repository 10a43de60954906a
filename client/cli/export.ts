import path from 'node:path';
import { type Command, Option } from 'commander';
import { exportSubject } from '../../runtime/export/export-subject.ts';
import { aliasesOf, type FormatName, formatNameOf, formatNames } from '../../runtime/export/format-names.ts';
import { type ContentOptions, checkChosen, chosenFor } from './chosen-subject.ts';
import { wrongUse } from './failure.ts';
import { exportInThread } from './in-thread.ts';
import { jsonDocument } from './json-output.ts';
import { bytes, grouped } from './numbers.ts';
import type { Session } from './session.ts';
import type { Sources } from './sources.ts';
import { maskOf, openSubject, type Subject, withSubject } from './subject.ts';
import { nameOfTensors, withTensors } from './tensors.ts';
import { type WrittenExport, writeExport } from './write-export.ts';
import { checkNew, checkWritable } from './write-file.ts';

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
  withTensors(
    withSubject(
      program
        .command('export')
        .summary('write a mask to a file')
        .description(
          'Writes the mask of one layer and head, or of all heads, to a file, whole or not at all.\n' +
            'What is chosen by content is written as it is for the tensors of --input.',
        ),
      'head, from 0 (default: 0); any will do for a pattern without a model',
    ),
  )
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
  if (options.allHeads === true && nameOfTensors(options) === null) checkHasHeads(written);
  const head = options.allHeads === true ? undefined : (options.head ?? 0);
  const subject = await chosenFor(written, options, head, session);
  const { pattern, shape } = maskOf(subject, options);
  checkChosen(subject, pattern, shape);
  const [first] = places ?? [];
  if (first !== undefined) {
    await checkWritable(first);
    if (options.force !== true) await checkNew(first);
  }
  const job = {
    kind: 'export' as const,
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
  };
  const { addedPairs, files, removed, left } = await session.during('Exporting', progress =>
    exportInThread(job, session.signal, async (exported): Promise<WrittenExport & { addedPairs: number }> => {
      const { addedPairs } = exported;
      if (places !== undefined)
        return { addedPairs, ...(await writeExport(format, exported, places, options, session.signal, progress)) };
      // Whoever reads a pipe may stop early.
      for await (const piece of exported.files[0]?.contents ?? []) if (!(await session.write(piece))) break;
      return { addedPairs, files: [], removed: [], left: [] };
    }),
  );
  if (addedPairs > 0) session.note(`allows ${grouped(addedPairs)} pairs that the mask does not have`);
  // As they came.
  for (const { path: place, bytes: size } of [...files].reverse()) session.note(`wrote ${place} (${bytes(size)})`);
  for (const place of removed)
    session.note(`removed ${place}, which an earlier export had written and this mask does not need`);
  for (const place of left) session.note(`note: ${place} is not part of this export: this mask needs no second file`);
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
        files,
        removed,
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
