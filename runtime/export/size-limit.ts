/** How much a kind of file can hold, and why. */
export interface SizeLimit {
  readonly bytes: number;
  /** What it is a limit of, as the beginning of a sentence that goes on with "holds". */
  readonly of: string;
}

/** The offsets of a zip file have 32 bits unless it is a ZIP64, which the zip library does not write. Packing may add a little. */
export const ZIP_LIMIT: SizeLimit = { bytes: 2 ** 32 - 2 ** 24, of: 'a zip file' };

/** Protocol buffers count their bytes in 31 bits. The rest of a model takes far less than what is left for it. */
export const PROTOBUF_LIMIT: SizeLimit = { bytes: 2 ** 31 - 2 ** 20, of: 'an ONNX model, being a protocol buffer,' };

/** No device of WebGPU binds more at once. */
export const BINDING_LIMIT: SizeLimit = { bytes: 2 ** 31, of: 'a storage buffer of WebGPU' };

/** A text is made in one piece: what is packed into it is in memory as a whole. */
export const TEXT_LIMIT: SizeLimit = { bytes: 2 ** 31, of: 'a layout that is packed into a text' };

/** A mask that is too large for a file format; the message names another one. */
export class ExportSizeError extends Error {
  override readonly name = 'ExportSizeError';
}

/** Throws ExportSizeError when something would be larger than a file can hold. */
export function checkExportSize(what: string, bytes: number, limit: SizeLimit, instead: string): void {
  if (bytes <= limit.bytes) return;
  throw new ExportSizeError(
    `${what} would take ${gibibytes(bytes)}; ${limit.of} holds ${gibibytes(limit.bytes)} at most. ${instead}`,
  );
}

function gibibytes(bytes: number): string {
  const size = bytes / 2 ** 30;
  return `${size < 10 ? Number(size.toFixed(2)) : Math.ceil(size).toLocaleString('en-US')} GiB`;
}
