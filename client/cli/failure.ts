/**
 * 1: the file has errors, or the pattern has no meaning at that shape. 2: wrong use (an unknown option, a missing file,
 * bad tensors, a path that cannot be written). 130: cancelled.
 */
export type FailureCode = 1 | 2 | 130;

/** An end that is nobody's bug: `message` is all that is shown. An empty message means that all has been said. */
export class Failure extends Error {
  readonly exitCode: FailureCode;

  constructor(exitCode: FailureCode, message: string) {
    super(message);
    this.name = 'Failure';
    this.exitCode = exitCode;
  }
}

/** The command was not given what it needs. */
export function wrongUse(message: string): Failure {
  return new Failure(2, message);
}

/** The file, or what it means at this shape, is at fault. */
export function badFile(message: string): Failure {
  return new Failure(1, message);
}

export function cancelled(): Failure {
  return new Failure(130, 'cancelled');
}

/** The words of whatever was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** What kept a file from being read or written, in words, by the system's code for it. */
export function fileProblem(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  switch (code) {
    case 'ENOENT':
      return 'there is no such file or folder';
    case 'ENOTDIR':
      return 'a part of the path is not a folder';
    case 'EISDIR':
      return 'it is a folder';
    case 'EACCES':
    case 'EPERM':
      return 'permission denied';
    case 'EROFS':
      return 'the file system is read-only';
    case 'ENOSPC':
      return 'the disk is full';
    case 'ENAMETOOLONG':
      return 'the name is too long';
    case 'ELOOP':
      return 'a link leads to itself';
    default:
      return messageOf(error);
  }
}
