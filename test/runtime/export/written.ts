import type { Exported } from '../../../runtime/export/formats.ts';
import { bytesOf } from '../../../runtime/tensor/contents.ts';

/** A file of an export with all of its bytes. */
export interface WrittenFile {
  readonly extension: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** An export whose files were read to their end. */
export interface Written {
  readonly files: readonly [WrittenFile, ...WrittenFile[]];
  readonly addedPairs: number;
}

export function written({ files: [first, ...others], addedPairs }: Exported): Written {
  const read = ({ extension, contents }: Exported['files'][0]): WrittenFile => ({
    extension,
    bytes: bytesOf(contents),
  });
  return { files: [read(first), ...others.map(read)], addedPairs };
}
