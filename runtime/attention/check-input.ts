import type { TilePlan } from '../compile/tile-plan.ts';
import { FULL_TILE, maskCount, wordsPerMask } from '../compile/tile-plan.ts';
import type { AttentionInput, AttentionOptions, HeadPlans } from './types.ts';

/** Largest head dimension that the kernels are made for. */
export const MAX_HEAD_DIM = 256;

/** Tensors and plans that do not fit together; the message says which and what was expected. */
export class AttentionInputError extends Error {
  override readonly name = 'AttentionInputError';
}

/**
 * Checks that tensors and plans fit together, and that the plans are sound, so that no kernel can read out of bounds.
 *
 * @throws AttentionInputError
 */
export function checkInput(input: AttentionInput, { plans, headPlan }: HeadPlans): void {
  const { heads, kvHeads, queries, keys, headDim } = input;
  checkQueriesAndKeys(input);
  checkLength('v', input.v, '[kv_heads, keys, head_dim]', [kvHeads, keys, headDim]);
  if (headPlan.length !== heads) {
    throw new AttentionInputError(
      `There are ${heads} heads, but masks for ${headPlan.length}: headPlan names the plan of each head.`,
    );
  }
  headPlan.forEach((index, head) => {
    if (plans[index] === undefined) {
      throw new AttentionInputError(`Head ${head} uses plan ${index}, but there are ${plans.length} plans.`);
    }
  });
  plans.forEach((plan, index) => {
    checkPlan(plan, index, queries, keys);
  });
}

/**
 * Checks that queries and keys fit together.
 *
 * @throws AttentionInputError
 */
export function checkQueriesAndKeys(input: Omit<AttentionInput, 'v'>): void {
  const { heads, kvHeads, queries, keys, headDim } = input;
  for (const [name, value] of Object.entries({ heads, kvHeads, queries, keys, headDim })) {
    if (!Number.isInteger(value) || value < 1) {
      throw new AttentionInputError(`${name} must be a whole number of at least 1, but is ${value}.`);
    }
  }
  if (headDim > MAX_HEAD_DIM) {
    throw new AttentionInputError(`Head dimension ${headDim} is not supported: the largest is ${MAX_HEAD_DIM}.`);
  }
  if (heads % kvHeads !== 0) {
    throw new AttentionInputError(
      `kvHeads = ${kvHeads} must divide heads = ${heads}: each key/value head serves as many query heads.`,
    );
  }
  checkLength('q', input.q, '[heads, queries, head_dim]', [heads, queries, headDim]);
  checkLength('k', input.k, '[kv_heads, keys, head_dim]', [kvHeads, keys, headDim]);
}

/** The factor of q . k: the option, or 1 / sqrt(headDim). */
export function attentionScale(input: AttentionInput, options: AttentionOptions): number {
  const scale = options.scale ?? 1 / Math.sqrt(input.headDim);
  if (!Number.isFinite(scale)) throw new AttentionInputError(`scale must be a finite number, but is ${scale}.`);
  return scale;
}

function checkLength(name: string, data: Float32Array, layout: string, shape: readonly number[]): void {
  const expected = shape.reduce((product, size) => product * size, 1);
  if (data.length !== expected) {
    throw new AttentionInputError(
      `Tensor ${name} has ${data.length} numbers, but ${layout} = [${shape.join(', ')}] needs ${expected}.`,
    );
  }
}

function checkPlan(plan: TilePlan, index: number, queries: number, keys: number): void {
  const fail = (what: string): never => {
    throw new AttentionInputError(`Plan ${index} ${what}.`);
  };
  const { tile } = plan;
  if (plan.queries !== queries || plan.keys !== keys) {
    fail(`is made for ${plan.queries} queries and ${plan.keys} keys, but the tensors have ${queries} and ${keys}`);
  }
  if (!Number.isInteger(tile.queries) || tile.queries < 1 || tile.queries > 256) {
    fail(`has tiles of ${tile.queries} query rows; 1 to 256 are possible`);
  }
  if (!Number.isInteger(tile.keys) || tile.keys < 16 || tile.keys % 16 !== 0 || tile.keys > 1024) {
    fail(`has tiles of ${tile.keys} keys; multiples of 16 up to 1024 are possible`);
  }
  const blocks = Math.ceil(queries / tile.queries);
  const columns = Math.ceil(keys / tile.keys);
  const { rowStart, column, maskId } = plan;
  if (rowStart.length !== blocks + 1 || rowStart[0] !== 0 || rowStart[blocks] !== column.length) {
    fail(`is damaged: its row index does not describe ${blocks} row blocks and ${column.length} entries`);
  }
  for (let block = 0; block < blocks; block++) {
    if (Number(rowStart[block]) > Number(rowStart[block + 1])) fail('is damaged: its row index goes backwards');
  }
  if (maskId.length !== column.length || plan.masks.length % wordsPerMask(plan) !== 0) {
    fail('is damaged: its arrays have different lengths');
  }
  const masks = maskCount(plan);
  const wholeColumns = Math.floor(keys / tile.keys);
  for (let entry = 0; entry < column.length; entry++) {
    const at = Number(column[entry]);
    const mask = Number(maskId[entry]);
    if (at >= columns) fail(`is damaged: entry ${entry} names key tile ${at} of ${columns}`);
    if (mask === FULL_TILE) {
      if (at >= wholeColumns) fail(`is damaged: the short key tile ${at} is marked as full`);
    } else if (mask >= masks) fail(`is damaged: entry ${entry} names mask ${mask} of ${masks}`);
  }
}
