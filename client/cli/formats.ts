import type { Command } from 'commander';
import { aliasesOf, type FormatName, formatNames } from '../../runtime/export/format-names.ts';
import { jsonDocument } from './json-output.ts';
import type { Session } from './session.ts';

/** Adds `formats`: what `export` can write. */
export function addFormats(program: Command, session: Session): void {
  program
    .command('formats')
    .summary('list the kinds of files that export writes')
    .description('Lists the kinds of files that `export` writes, what is in them and which masks they hold exactly.')
    .option('--json', 'print one JSON object')
    .addHelpText('after', '\nExample:\n  sparse formats --json')
    .action(({ json }: { readonly json?: boolean }) =>
      session.print(
        json === true
          ? jsonDocument('formats', { formats: formatNames.map(entry) })
          : formatNames.map(paragraph).join('\n\n'),
      ),
    );
}

function entry(name: FormatName) {
  const { id, title, extension, beside, description, heads, exactFor, rounds, isReport } = name;
  return {
    id,
    aliases: aliasesOf(name),
    title,
    extensions: extensionsOf({ extension, beside }),
    description,
    heads,
    exactFor: isReport === true ? null : (exactFor ?? 'all masks'),
    approximates: rounds === true,
  };
}

function paragraph(name: FormatName): string {
  const { id, title, description, exactFor, rounds, isReport } = name;
  const files = extensionsOf(name).map(extension => `.${extension}`);
  return [
    `${[id, ...aliasesOf(name)].join(', ')} (${files.join(' and ')}): ${title}`,
    `  ${description}`,
    ...(isReport === true
      ? []
      : [`  exact for: ${exactFor ?? 'all masks'}${rounds === true ? '; rounds up with --approximate' : ''}`]),
    `  heads: ${HEADS[name.heads]}`,
  ].join('\n');
}

const HEADS: Readonly<Record<FormatName['heads'], string>> = {
  one: 'one',
  each: 'one, or a mask for each with --all-heads',
  shared: 'one mask, which with --all-heads all must share',
};

function extensionsOf({
  extension,
  beside,
}: Pick<FormatName, 'extension'> & { beside?: string | undefined }): string[] {
  return beside === undefined ? [extension] : [extension, beside];
}
