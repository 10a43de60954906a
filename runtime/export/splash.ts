import { splashClass } from '../analyse/fit/mask-classes.ts';
import { windowOf } from '../analyse/fit/reasons.ts';
import { type FitMask, fitSubjectOf } from '../analyse/fit/subject.ts';
import { planOf } from '../compile/plan.ts';
import { contentsOfText } from '../tensor/contents.ts';
import { BLOCK, blocksContents } from './block-tensors.ts';
import { headsOf } from './head-masks.ts';
import type { Exported, ExportRequest } from './request.ts';
import { splashModule } from './splash-module.ts';

/**
 * A Python module for JAX's splash attention (checked with JAX 0.10.2): `mask(heads)` is a MultiHeadMask of lazy classes
 * where the masks are known ones, else of a Mask that computes each piece from the blocks in the .safetensors file beside
 * it (see `blocksContents`); `attend(q, k, v)` runs the kernel, with zeros for queries without keys.
 */
export function exportSplash(request: ExportRequest): Exported {
  const { checkpoint, shape, name, source } = request;
  const heads = headsOf(request);
  const { masks, headMask } = fitSubjectOf(heads, 1, checkpoint && { checkpoint });
  const classes = masks.map(lazyClass);
  const text = splashModule({
    name,
    source,
    queries: shape.queries,
    keys: shape.tokens,
    block: BLOCK,
    head: headMask,
    classes,
  });
  const module = { extension: 'py', contents: contentsOfText(text) };
  if (!classes.includes(undefined)) return { files: [module], addedPairs: 0 };
  const distinct = masks.map(mask => planOf(mask.tree({ queries: BLOCK, keys: BLOCK })));
  const contents = blocksContents({ distinct, head: headMask }, request);
  return { files: [module, { extension: 'safetensors', contents }], addedPairs: 0 };
}

/** Lengths are padded to whole blocks; a class that looks ahead would see the padding. */
function lazyClass(mask: FitMask): string | undefined {
  const window = windowOf(mask);
  const looksAhead = window !== undefined && window.after !== 0;
  return looksAhead && mask.shape.tokens % BLOCK !== 0 ? undefined : splashClass(mask, 'shape');
}
