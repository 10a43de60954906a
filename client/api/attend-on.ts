import { type Attention, type AttentionHosts, createAttention } from '../../runtime/attention/attention.ts';
import type { Attend } from './attend.ts';

/** One set of backends for the life of the program, made when it is first needed. */
export function attendOn(hosts: () => AttentionHosts): Attend {
  let attention: Attention | undefined;
  const opened = (): Attention => {
    attention ??= createAttention(hosts());
    return attention;
  };
  return {
    attend: (input, masks, options) => opened().attend(input, 'parts' in masks ? masks.parts : masks, options),
    backends: () => opened().backends(),
    release() {
      attention?.dispose();
      attention = undefined;
    },
  };
}
