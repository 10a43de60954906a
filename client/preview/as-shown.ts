import type { Adjustments } from '../../server/protocol.ts';

/** How the mask that a preview shows differs from what the file says. */
export interface AsShown {
  /** Values that are tried out in the place of what is written. */
  readonly adjustments: Adjustments;
  /** Labels of the parts that are hidden. */
  readonly hidden: readonly string[];
}

/** Says of a mask how it differs from what the file says; an empty text: it does not. */
export function asShownText({ adjustments, hidden }: AsShown): string {
  const values = Object.keys(adjustments).length;
  const differences = [
    ...(values === 0 ? [] : [`with ${values === 1 ? 'the value' : `the ${values} values`} tried out there`]),
    ...(hidden.length === 0 ? [] : [`without ${hidden.join(', ')}`]),
  ];
  return differences.length === 0 ? '' : `as the preview shows it, ${differences.join(' and ')}`;
}
