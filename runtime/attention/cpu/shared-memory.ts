import type { TilePlan } from '../../compile/tile-plan.ts';
import type { Computation } from './compute.ts';
import { type Member, OUT_OF_TURN, send, WorkerError } from './member.ts';

/** Has one worker compute a run in shared memory, together with others. */
export function letCompute(
  member: Member,
  run: Computation,
  taken: Int32Array,
  onProgress: (done: number) => void,
): Promise<void> {
  return new Promise((resolve, reject) => {
    member.fail = reason => reject(new WorkerError(reason));
    member.receive = message => {
      if (message.type === 'progress') onProgress(message.cost);
      else if (message.type === 'computed') resolve();
      else member.fail(message.type === 'failed' ? message.reason : OUT_OF_TURN);
    };
    send(member, { type: 'compute', run, taken });
  });
}

type Shareable = Float32Array | Float64Array | Uint32Array;

/**
 * The same run with everything in shared memory, which workers read and write in place. Arrays that are shared already
 * stay where they are, others are copied; outputs are new.
 *
 * @throws RangeError when there is not so much memory
 */
export function inSharedMemory({ input, plans, scale, list, o, lse }: Computation): Computation {
  return {
    input: { ...input, q: share(input.q), k: share(input.k), v: share(input.v) },
    plans: { headPlan: plans.headPlan, plans: plans.plans.map(sharePlan) },
    scale,
    list: {
      heads: share(list.heads),
      blocks: share(list.blocks),
      costBefore: share(list.costBefore),
      groupStart: share(list.groupStart),
    },
    o: new Float32Array(new SharedArrayBuffer(o.byteLength)),
    lse: new Float32Array(new SharedArrayBuffer(lse.byteLength)),
  };
}

function sharePlan(plan: TilePlan): TilePlan {
  const { rowStart, column, maskId, masks, pairs } = plan;
  return {
    ...plan,
    rowStart: share(rowStart),
    column: share(column),
    maskId: share(maskId),
    masks: share(masks),
    pairs: share(pairs),
  };
}

function share<T extends Shareable>(array: T): T {
  if (array.buffer instanceof SharedArrayBuffer) return array;
  const copy = new (array.constructor as new (buffer: SharedArrayBuffer) => T)(new SharedArrayBuffer(array.byteLength));
  copy.set(array);
  return copy;
}
