import type { Shape } from '../../../../runtime/pattern/shape.ts';

/** A design, and ways to write it. */
export interface Family {
  readonly title: string;
  readonly text: string;
  readonly n: number;
  /** Head 0 of 8 in layer 0 unless it says otherwise. */
  readonly at?: Partial<Pick<Shape, 'head' | 'layer'>>;
  readonly module?: string;
  readonly spellings: readonly string[];
  /** Others that are not this one. */
  readonly not?: readonly string[];
}
