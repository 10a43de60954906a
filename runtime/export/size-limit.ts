/** Largest file, before packing, that is made in memory. */
export const MAX_EXPORT_BYTES = 2 ** 31;

/** A mask that is too large for a file format; the message names another one. */
export class ExportSizeError extends Error {
  override readonly name = 'ExportSizeError';
}

/** Throws ExportSizeError when a file would be larger than the limit. */
export function checkExportSize(what: string, bytes: number, instead: string): void {
  if (bytes <= MAX_EXPORT_BYTES) return;
  throw new ExportSizeError(
    `${what} would take ${gibibytes(bytes)}; the limit is ${gibibytes(MAX_EXPORT_BYTES)}. ${instead}`,
  );
}

function gibibytes(bytes: number): string {
  const size = bytes / 2 ** 30;
  return `${size < 10 ? size.toFixed(1) : Math.ceil(size).toLocaleString('en-US')} GiB`;
}
