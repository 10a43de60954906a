import { type Command, Option } from 'commander';
import { type ExportFormat, formatOf, formats } from '../../runtime/export/formats.ts';
import { wrongUse } from './failure.ts';
import { inThread } from './in-thread.ts';
import { bytes } from './numbers.ts';
import type { Session } from './session.ts';
import type { Sources } from './sources.ts';
import { maskOf, openSubject, type SubjectOptions, withSubject } from './subject.ts';
import { checkWritable, writeWholeFile } from './write-file.ts';

interface ExportOptions extends SubjectOptions {
  readonly format: string;
  readonly out: string;
}

/** Adds `export`: one mask as a file. */
export function addExport(program: Command, session: Session, sources: Sources): void {
  const list = formats.map(format => `  ${words(format).padEnd(12)} .${format.extension}: ${format.description}`);
  withSubject(
    program
      .command('export')
      .summary('write a mask to a file')
      .description('Writes the mask of one layer and head to a file, whole or not at all.'),
    'head, from 0 (default: 0); any will do for a pattern without a model',
  )
    .addOption(new Option('--format <ID>', `kind of file: ${ids()}`).makeOptionMandatory())
    .addOption(
      new Option('--out <PATH>', 'the file to write, replaced when it exists; - for stdout').makeOptionMandatory(),
    )
    .addHelpText(
      'after',
      `\nFormats:\n${list.join('\n')}\n\nExample:\n  sparse export examples/longformer.sparse --of LongformerBase --format safetensors --out plan.safetensors`,
    )
    .action((file: string | undefined, options: ExportOptions) => exportMask(file, options, session, sources));
}

/** What `--format` takes for a format: its id, and its extension where that is another word for it. */
function words({ id, extension }: ExportFormat): string {
  return extension !== id && formatOf(extension)?.id === id ? `${id} (or ${extension})` : id;
}

function ids(): string {
  return formats.map(words).join(', ');
}

async function exportMask(
  file: string | undefined,
  options: ExportOptions,
  session: Session,
  sources: Sources,
): Promise<void> {
  if (formatOf(options.format) === undefined)
    throw wrongUse(`there is no format ${options.format}; choose one of ${ids()}`);
  const subject = await openSubject(sources, file, options);
  const mask = maskOf(subject, options);
  const toStdout = options.out === '-';
  if (!toStdout) await checkWritable(options.out);
  const contents = await session.during('Exporting', () =>
    inThread(
      {
        kind: 'export',
        format: options.format,
        subject: { name: subject.name, source: subject.source, ...mask },
      },
      session.signal,
    ),
  );
  if (toStdout) {
    await session.write(contents);
    return;
  }
  await session.during('Writing', () => writeWholeFile(options.out, contents, session.signal));
  session.note(`wrote ${options.out} (${bytes(contents.length)})`);
}
