import { type Attention, type AttentionHosts, createAttention } from '../../runtime/attention/attention.ts';
import { withSelectionTime } from '../../runtime/attention/selection-time.ts';
import type { Attend } from './attend.ts';

/** One set of backends for the life of the program, made when it is first needed. */
export function attendOn(hosts: () => AttentionHosts): Attend {
  let attention: Attention | undefined;
  const opened = (): Attention => {
    attention ??= createAttention(hosts());
    return attention;
  };
  return {
    async attend(input, masks, options) {
      if (!('parts' in masks)) return opened().attend(input, masks, options);
      return withSelectionTime(await opened().attend(input, masks.parts, options), masks.selectMs);
    },
    backends: () => opened().backends(),
    release() {
      attention?.dispose();
      attention = undefined;
    },
  };
}
