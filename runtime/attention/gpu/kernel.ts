/** How the rows of a tensor lie in a device buffer: what is written by the packing shader and read by a kernel. */
export type Layout =
  /** One row after the other. */
  | { readonly kind: 'rows' }
  /**
   * Four rows side by side, in panels of `rows` rows: number d of rows 4 a to 4 a + 3 of panel p is vector
   * (p * dim + d) * rows / 4 + a.
   */
  | { readonly kind: 'quads'; readonly rows: number }
  /** Blocks of rows x columns, one after the other along a row, each by itself row-major or (`transposed`) column-major. */
  | { readonly kind: 'blocks'; readonly rows: number; readonly columns: number; readonly transposed: boolean };

/** Bytes of a number in the device's tensors. */
export type Element = 'f32' | 'f16';

/** The three ways to compute attention on a graphics device. */
export type Pipeline = 'tensor' | 'f16' | 'f32';

/** A shader for one head dimension and one shape of workgroup, and what it expects of its surroundings. */
export interface KernelSpec {
  readonly pipeline: Pipeline;
  /** For people and for caches: tells apart all kernels of a device. */
  readonly name: string;
  /** WGSL with the entry point `main` and the bindings of `wgsl/common.ts`. */
  readonly code: string;
  /** Query rows of a workgroup. */
  readonly rows: number;
  /** Keys of a step; divides the keys of the tiles that the kernel can be used with. */
  readonly step: number;
  /** Numbers of a head as they are stored; those past the head dimension are zero. */
  readonly dim: number;
  readonly element: Element;
  readonly layouts: { readonly q: Layout; readonly k: Layout; readonly v: Layout };
  readonly workgroupBytes: number;
  readonly threads: number;
}

/** Numbers in 16 bytes. */
export function numbersPerVector(element: Element): number {
  return element === 'f16' ? 8 : 4;
}

export function bytesOf(element: Element): number {
  return element === 'f16' ? 2 : 4;
}
