export type GpuErrorKind = 'no-adapter' | 'too-large' | 'beyond' | 'out-of-memory' | 'lost' | 'wrong' | 'device';

/** The GPU could not do what was asked. The message is for the user. */
export class GpuError extends Error {
  override readonly name = 'GpuError';
  readonly kind: GpuErrorKind;

  constructor(kind: GpuErrorKind, message: string) {
    super(message);
    this.kind = kind;
  }
}
