import type {
  AttendOptions,
  AttentionInput,
  AttentionResult,
  BackendStatus,
  PlanParts,
} from '../../runtime/attention/types.ts';
import type { Compiled } from './compile.ts';

export { BackendError } from '../../runtime/attention/backend-error.ts';
export { AttentionInputError } from '../../runtime/attention/check-input.ts';
export { sampleInput } from '../../runtime/attention/sample-data.ts';
export type {
  AttendOptions,
  AttentionInput,
  AttentionResult,
  BackendId,
  BackendStatus,
} from '../../runtime/attention/types.ts';

/** Attention over compiled masks, on whatever the machine offers. The functions are documented where they are exported. */
export interface Attend {
  attend(input: AttentionInput, masks: Compiled | PlanParts, options?: AttendOptions): Promise<AttentionResult>;
  backends(): Promise<readonly BackendStatus[]>;
  release(): void;
}
