import { openSurveyor } from '../../runtime/analyse/quality/open-surveyor.ts';
import type { Surveyor } from '../../runtime/analyse/quality/survey.ts';
import { type Attention, type AttentionHosts, createAttention } from '../../runtime/attention/attention.ts';
import { withSelectionTime } from '../../runtime/attention/selection-time.ts';
import type { AttendOptions } from '../../runtime/attention/types.ts';
import type { Attend } from './attend.ts';

/** What computes in this program. */
export interface Machine extends Attend {
  /** What looks at probabilities beside a backend, until `release`. */
  surveyor(backend: AttendOptions['backend']): Surveyor;
}

/** One set of backends for the life of the program, made when it is first needed. */
export function attendOn(hosts: () => AttentionHosts): Machine {
  let attention: Attention | undefined;
  const surveyors = new Map<AttendOptions['backend'], Surveyor>();
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
    surveyor(backend) {
      const surveyor = surveyors.get(backend) ?? openSurveyor(hosts(), backend);
      surveyors.set(backend, surveyor);
      return surveyor;
    },
    release() {
      attention?.dispose();
      attention = undefined;
      for (const surveyor of surveyors.values()) surveyor.dispose();
      surveyors.clear();
    },
  };
}
