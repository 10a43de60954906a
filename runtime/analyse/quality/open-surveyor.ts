import type { AttentionHosts } from '../../attention/attention.ts';
import type { BackendId } from '../../attention/types.ts';
import { createGpuSurveyor } from './gpu/gpu-surveyor.ts';
import type { Surveyor } from './survey.ts';
import { createSurveyor } from './surveyor.ts';

/**
 * What looks at probabilities where attention is asked of a backend: the graphics device, for `auto` only when software does
 * not imitate it and the heads are worth it, else workers, else the calling thread.
 */
export function openSurveyor(
  { gpu, workers }: Pick<AttentionHosts, 'gpu' | 'workers'>,
  backend: 'auto' | BackendId = 'auto',
): Surveyor {
  const otherwise = createSurveyor({ workers });
  if (gpu === undefined || backend === 'cpu' || backend === 'reference') return otherwise;
  return createGpuSurveyor({ open: gpu, otherwise, always: backend === 'gpu' });
}
