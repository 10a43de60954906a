import { nodeWorkers } from '../../runtime/attention/cpu/workers.node.ts';
import type { Attend } from './attend.ts';
import { here } from './machine.node.ts';
import { type SelectMasks, selectOn } from './select-on.ts';

export * from './attend.ts';
export * from './compile.ts';
export type { SelectChoice, SelectionInput } from './select-on.ts';

/**
 * `o[h] = softmax(q[h] k^T * scale, over the pairs of head h) v`, for tensors as AttentionInput says. Rows without keys give
 * zeros and a log-sum-exp of -Infinity. The first call starts a backend and compares it with the reference; one that fails
 * is replaced by the next, and the result's notes say so.
 *
 * @throws AttentionInputError when tensors and masks do not fit together
 * @throws BackendError when the backend that was asked for is not available
 * @throws DOMException named AbortError when the signal fires
 * @example
 * ```ts
 * const masks = compile(await parseExpression('sliding(64)'), { tokens: 1024 });
 * const input = sampleInput({ heads: 1, kvHeads: 1, queries: 1024, keys: 1024, headDim: 64 });
 * const { o, lse, backend } = await attend(input, masks);
 * ```
 */
export const attend: Attend['attend'] = here.attend;

/** Starts and checks every backend of this machine. */
export const backends: Attend['backends'] = here.backends;

/** Ends threads and frees the graphics device. A later call starts them again. */
export const release: Attend['release'] = here.release;

/**
 * The same as `compile` for patterns that choose keys by content, such as `topk(64)`: given the queries and keys. Head h of
 * the tensors is head `heads[h]` of the model. The choice is the same on every machine. At great lengths it takes a while,
 * on all threads: the scores of all candidates are computed in float64.
 *
 * @throws AttentionInputError when the tensors do not fit together, or hold NaN or infinities
 * @throws PatternError when a mask has no meaning at that length or has no rule
 * @throws CompileError when it is too large, RangeError when `heads` is empty
 * @throws DOMException named AbortError when the signal fires
 * @example
 * ```ts
 * const input = sampleInput({ heads: 1, kvHeads: 1, queries: 1024, keys: 1024, headDim: 64 });
 * const masks = await select(await parseExpression('topk(64, within: causal())'), input);
 * const { timing } = await attend(input, masks);
 * console.log(masks.pairs, timing.selectMs, timing.kernelMs);
 * ```
 */
export const select: SelectMasks = (model, input, choice) => selectOn(nodeWorkers(), model, input, choice);
