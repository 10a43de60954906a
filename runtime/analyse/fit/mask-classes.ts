import type { Library } from './library.ts';
import { hasEmptyQuery, isNotAlignedToTheEnd, isNotSquare, windowOf } from './reasons.ts';
import type { FitMask } from './subject.ts';
import { each, parts } from './ways.ts';

export const splash: Library = {
  id: 'jax-splash',
  name: 'JAX splash attention',
  version: 'jax 0.11.1 (cec06d11)',
  takes: 'any mask for each head, as NumPy array or as a lazy class; queries without keys are undefined',
  fit(subject) {
    const stopped = hasEmptyQuery(subject);
    if (stopped !== undefined) return stopped;
    const { queries, tokens } = subject.shape;
    return each(subject, mask => splashClass(mask, `(${queries}, ${tokens})`) ?? 'NumpyMask, which takes n x n bytes');
  },
};

/** The lazy class that is a mask, as Python text; undefined where there is none. `shape` is the text of its shape. */
export function splashClass(mask: FitMask, shape: string): string | undefined {
  const { offset } = mask.shape;
  const window = windowOf(mask);
  if (window !== undefined) {
    const { before, after } = window;
    if (before === undefined && after === undefined) return `FullMask(${shape})`;
    if (before === undefined && after === 0) return `CausalMask(${shape}${offset === 0 ? '' : `, offset=${offset}`})`;
    return `LocalMask(${shape}, (${before ?? 'None'}, ${after ?? 'None'}), ${offset})`;
  }
  const block = mask.whole?.causal === true && offset === 0 ? parts(mask, 'block')?.block : undefined;
  return block && `ChunkedCausalMask(${shape}, ${block.size})`;
}

export const xformers: Library = {
  id: 'xformers',
  name: 'xFormers attn_bias',
  version: '0.0.35 (ca6d2aa0)',
  takes: 'any mask as a dense tensor; causal windows and packed documents without one',
  fit(subject) {
    return each(subject, mask => {
      const window = windowOf(mask);
      const isAligned = isNotAlignedToTheEnd(subject) === undefined;
      if (window?.after === 0 && isAligned)
        return window.before === undefined
          ? 'LowerTriangularFromBottomRightMask'
          : `LowerTriangularFromBottomRightLocalAttentionMask(${window.before + 1})`;
      const documents = isNotSquare(subject) === undefined ? documentLengths(mask, subject.shape.tokens) : undefined;
      if (documents !== undefined)
        return `BlockDiagonalMask.from_seqlens([${documents}])${mask.whole?.causal === true ? '.make_causal()' : ''}`;
      return 'a dense tensor, which takes n x n numbers';
    });
  },
};

/** Lengths of the documents that a mask falls into, as a list; long lists are cut. */
function documentLengths(mask: FitMask, tokens: number): string | undefined {
  const block = parts(mask, 'block')?.block;
  if (block !== undefined) return `${block.size}, ...`;
  const found = parts(mask, 'documents')?.documents;
  if (found === undefined || tokens === 0) return undefined;
  return found.lengths.length <= 8 ? found.lengths.join(', ') : `${found.lengths.slice(0, 8).join(', ')}, ...`;
}
