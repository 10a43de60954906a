import type { Capability } from '../../../runtime/attention/gpu/device.ts';

/** What every device has. */
export const PORTABLE: Capability = {
  workgroupBytes: 16384,
  threads: 256,
  matrices: [],
  subgroupSize: 0,
  sizeControl: false,
  imitated: false,
};
