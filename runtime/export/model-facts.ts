import type { Model } from '../pattern/ir.ts';
import { patternAt, shapeAt } from '../pattern/model.ts';
import type { ExportSubject, HeadMask } from './request.ts';

/** What a model says beyond the masks of one layer; nothing of a bare pattern, which is no model. */
export function modelFacts(model: Model, tokens: number): Pick<ExportSubject, 'headDim' | 'layers'> {
  if (model.kind === 'pattern') return {};
  const layers: HeadMask[][] = [];
  for (let layer = 0; layer < model.layers; layer++) {
    const heads: HeadMask[] = [];
    for (let head = 0; head < model.heads; head++) {
      const pattern = patternAt(model, layer, head);
      // A model that is not whole configures nothing.
      if (pattern === undefined) return dimOf(model);
      heads.push({ pattern, shape: shapeAt(model, layer, head, tokens) });
    }
    layers.push(heads);
  }
  return { ...dimOf(model), layers };
}

function dimOf({ headDim }: Model): { readonly headDim?: number } {
  return headDim === null ? {} : { headDim };
}
