import { type Command, Option } from 'commander';
import { formatOf, formats } from '../../runtime/export/formats.ts';
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
  const list = formats.map(({ id, extension, description }) => `  ${id.padEnd(12)} .${extension}: ${description}`);
  withSubject(
    program
      .command('export')
      .summary('write a mask to a file')
      .description('Writes the mask of one layer and head to a file. An existing file is replaced.'),
    'head of the model, from 0 (default: 0)',
  )
    .addOption(new Option('--format <ID>', `kind of file: ${ids()}`).makeOptionMandatory())
    .addOption(new Option('--out <PATH>', 'the file to write').makeOptionMandatory())
    .addHelpText(
      'after',
      `\nFormats:\n${list.join('\n')}\n\nExample:\n  sparse export examples/longformer.sparse --of LongformerBase --format safetensors --out plan.safetensors`,
    )
    .action((file: string | undefined, options: ExportOptions) => exportMask(file, options, session, sources));
}

function ids(): string {
  return formats.map(({ id }) => id).join(', ');
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
  await checkWritable(options.out);
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
  await session.during('Writing', () => writeWholeFile(options.out, contents, session.signal));
  session.note(`wrote ${options.out} (${bytes(contents.length)})`);
}
