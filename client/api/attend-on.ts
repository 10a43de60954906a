import { type Attention, type AttentionHosts, createAttention } from '../../runtime/attention/attention.ts';
import { withSelectionTime } from '../../runtime/attention/selection-time.ts';
import type { Attend } from './attend.ts';
import { partsFor } from './parts-for.ts';

/** What computes in this program. */
export interface Machine extends Attend {
  hosts(): AttentionHosts;
  /** Also ends something at the next `release`. */
  whenReleased(end: () => void): void;
}

/** One set of backends for the life of the program, made when it is first needed. */
export function attendOn(hosts: () => AttentionHosts): Machine {
  let attention: Attention | undefined;
  let ends: (() => void)[] = [];
  const opened = (): Attention => {
    attention ??= createAttention(hosts());
    return attention;
  };
  return {
    async attend(input, masks, options) {
      const result = await opened().attend(input, partsFor(input, masks), options);
      return 'parts' in masks ? withSelectionTime(result, masks.selectMs) : result;
    },
    backends: () => opened().backends(),
    hosts,
    whenReleased: end => void ends.push(end),
    release() {
      attention?.dispose();
      attention = undefined;
      for (const end of ends) end();
      ends = [];
    },
  };
}
