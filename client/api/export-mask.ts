import { exportSubject } from '../../runtime/export/export-subject.ts';
import { formatNameOf, formatNames } from '../../runtime/export/format-names.ts';
import { formatOf } from '../../runtime/export/formats.ts';
import type { Exported } from '../../runtime/export/request.ts';
import type { Model } from '../../runtime/pattern/ir.ts';

export type { FormatName } from '../../runtime/export/format-names.ts';
export { ExportFitError } from '../../runtime/export/misfit.ts';
export type { Exported, ExportedFile } from '../../runtime/export/request.ts';
export { ExportSizeError } from '../../runtime/export/size-limit.ts';
export type { Contents } from '../../runtime/tensor/contents.ts';

/** Every format, in the order in which lists show them. */
export const formats = formatNames;

/** What to write. */
export interface ExportChoice {
  /** Id of one of the `formats`, such as `npz-dense` or `flex`. */
  readonly format: string;
  /** Sequence length; replaces a model's own. A pattern needs it. */
  readonly tokens?: number;
  /** From 0; default 0. */
  readonly layer?: number;
  /** From 0, or `all` for a mask of each head, where the format holds several; default 0. */
  readonly head?: number | 'all';
  /** Allow whole blocks where the format knows nothing smaller. */
  readonly approximate?: boolean;
  /** The text that the model came from, which some formats carry along. */
  readonly source?: string;
}

/**
 * Writes the mask of a head, or of all heads, in a format of some library: one file, or two that lie side by side under one
 * name. The masks are compiled now, the bytes are made piece by piece while `contents` is read. Equal masks give equal bytes.
 *
 * @throws RangeError when there is no such format
 * @throws ExportFitError when the format cannot hold the masks exactly; names the reason, and formats that can
 * @throws PatternError when a mask has no meaning at that length, has no rule, or is chosen by content
 * @throws CompileError when it is too large to compile, ExportSizeError when it is more than the format can hold
 * @example
 * ```ts
 * const { files } = exportMask(await parseExpression('causal()'), { format: 'npy', tokens: 1024 });
 * await writeFile(`mask.${files[0].extension}`, files[0].contents);
 * ```
 */
export function exportMask(model: Model, choice: ExportChoice): Exported {
  const { format: id, tokens, layer = 0, head = 0, approximate, source } = choice;
  const name = formatNameOf(id);
  const format = name && formatOf(name.id);
  if (format === undefined)
    throw new RangeError(`there is no format ${id}; there are ${formats.map(each => each.id).join(', ')}`);
  return format.write({
    ...exportSubject(model, { layer, head, tokens, source }),
    ...(approximate === true && { approximate }),
  });
}
