import * as vscode from 'vscode';
import { type FormatName, formatNames } from '../../runtime/export/format-names.ts';
import type { ExportSubject } from '../../runtime/export/request.ts';
import type { JobResults } from '../jobs/job.ts';
import type { RunJob } from '../jobs/run-job.ts';

/** The list of formats waits so long for what fits. */
const PATIENCE_MS = 1500;

type Misfits = JobResults['misfits'];

/** A format, and whether it may allow whole blocks where it knows nothing smaller. */
export interface FormatChoice {
  readonly format: FormatName;
  readonly approximate: boolean;
}

interface FormatItem extends vscode.QuickPickItem {
  /** Absent: a heading. */
  readonly format?: FormatName;
}

/**
 * Asks for a format. Those that hold the mask come first, the last choice before them all; the others say why they do not,
 * unless finding out takes long. Rounding up is asked for when a format that can do that is taken.
 *
 * @param asShown how the mask differs from what the file says; an empty text: it does not
 */
export async function chooseFormat(
  subject: ExportSubject,
  asShown: string,
  last: FormatName['id'] | undefined,
  runJob: RunJob,
): Promise<FormatChoice | undefined> {
  const looking = new vscode.CancellationTokenSource();
  // What is wrong with the mask itself is said when it is exported.
  const misfits = runJob({ kind: 'misfits', subject }, looking.token).catch(() => undefined);
  const late = new Promise<undefined>(resolve => setTimeout(resolve, PATIENCE_MS, undefined));
  const items = Promise.race([misfits, late]).then(found => itemsOf(found ?? {}, last));
  try {
    const choice = await vscode.window.showQuickPick(items, {
      title: `Export ${subject.name} at ${subject.shape.tokens} tokens`,
      placeHolder: asShown === '' ? 'Format' : `Format of the mask ${asShown}`,
      matchOnDescription: true,
    });
    const format = choice?.format;
    if (format === undefined) return undefined;
    // Where the list could not wait, this can: nothing else is asked before it is known.
    const known = format.rounds === true ? await shown(misfits, format) : {};
    if (known === 'cancelled') return undefined;
    const misfit = known?.[format.id];
    if (misfit?.roundable !== true) return { format, approximate: false };
    return (await mayRound(format, misfit.reason)) ? { format, approximate: true } : undefined;
  } finally {
    looking.cancel();
    looking.dispose();
  }
}

/** Waits for what fits, and shows that it does when there is anything to wait for. */
async function shown(
  misfits: Promise<Misfits | undefined>,
  { title }: FormatName,
): Promise<Misfits | undefined | 'cancelled'> {
  const quick = await Promise.race([misfits, new Promise<'late'>(resolve => setTimeout(resolve, 200, 'late'))]);
  if (quick !== 'late') return quick;
  return await vscode.window.withProgress(
    {
      location: vscode.ProgressLocation.Notification,
      title: `Looking whether ${title} can hold this mask`,
      cancellable: true,
    },
    (_, cancellation) =>
      new Promise<Misfits | undefined | 'cancelled'>(resolve => {
        cancellation.onCancellationRequested(() => resolve('cancelled'));
        void misfits.then(resolve);
      }),
  );
}

function itemsOf(misfits: Misfits, last: FormatName['id'] | undefined): FormatItem[] {
  const items = formatNames.map(format => {
    const { id, title, extension, beside, description } = format;
    const misfit = misfits[id];
    const files = `.${extension}${beside === undefined ? '' : ` and .${beside}`}`;
    return {
      label: title,
      description: id === last ? `${files}, chosen last` : files,
      detail:
        misfit === undefined
          ? description
          : `Cannot hold this mask exactly: ${misfit.reason}${misfit.roundable ? '. It can allow whole blocks instead' : ''}`,
      format,
    };
  });
  const fits = ({ format }: (typeof items)[number]): boolean => misfits[format.id] === undefined;
  const chosenLast = ({ format }: (typeof items)[number]): boolean => format.id === last;
  const holding = items.filter(fits);
  const others = items.filter(item => !fits(item));
  return [
    ...holding.filter(chosenLast),
    ...holding.filter(item => !chosenLast(item)),
    ...(others.length === 0 ? [] : [heading('cannot hold this mask exactly')]),
    ...others,
  ];
}

function heading(label: string): FormatItem {
  return { label, kind: vscode.QuickPickItemKind.Separator };
}

async function mayRound({ title }: FormatName, reason: string): Promise<boolean> {
  const allow = 'Allow Whole Blocks';
  const detail = `Of this mask, ${reason}. With whole blocks more pairs are allowed than the mask has; how many is said afterwards.`;
  return (
    (await vscode.window.showWarningMessage(
      `${title} cannot hold this mask exactly.`,
      { modal: true, detail },
      allow,
    )) === allow
  );
}
