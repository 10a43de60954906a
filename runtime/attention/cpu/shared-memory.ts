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

/** Buffers of a finished run are kept for the next one up to this, because memory that is new costs more than the copy. */
const KEPT_BYTES = 256 * 2 ** 20;

/** Shared memory of a pool's runs. */
export class SharedBuffers {
  /** Free for the next run. */
  #free: SharedArrayBuffer[] = [];
  /** Of the run that is under way. */
  #used: SharedArrayBuffer[] = [];

  /**
   * The same run with everything in shared memory, which workers read and write in place. Arrays that are shared already
   * stay where they are, others are copied; outputs hold anything until they are written.
   *
   * @throws RangeError when there is not so much memory
   */
  place({ input, plans, scale, list, o, lse }: Computation): Computation {
    const share = <T extends Shareable>(array: T): T => this.#copyOf(array);
    return {
      input: { ...input, q: share(input.q), k: share(input.k), v: share(input.v) },
      plans: { headPlan: plans.headPlan, plans: plans.plans.map(plan => sharedPlan(plan, share)) },
      scale,
      list: {
        heads: share(list.heads),
        blocks: share(list.blocks),
        costBefore: share(list.costBefore),
        groupStart: share(list.groupStart),
      },
      o: new Float32Array(this.#take(o.byteLength)),
      lse: new Float32Array(this.#take(lse.byteLength)),
    };
  }

  /** The run is over and nobody writes to its memory any more. */
  release(): void {
    let bytes = 0;
    this.#free = this.#used.filter(({ byteLength }) => {
      bytes += byteLength;
      return bytes <= KEPT_BYTES;
    });
    this.#used = [];
  }

  /** Lets go of everything; who still writes to it does no harm. */
  clear(): void {
    this.#free = [];
    this.#used = [];
  }

  #take(bytes: number): SharedArrayBuffer {
    const at = this.#free.findIndex(({ byteLength }) => byteLength === bytes);
    const buffer = this.#free.splice(at, at < 0 ? 0 : 1)[0] ?? new SharedArrayBuffer(bytes);
    this.#used.push(buffer);
    return buffer;
  }

  #copyOf<T extends Shareable>(array: T): T {
    if (array.buffer instanceof SharedArrayBuffer) return array;
    const copy = new (array.constructor as new (buffer: SharedArrayBuffer) => T)(this.#take(array.byteLength));
    copy.set(array);
    return copy;
  }
}

function sharedPlan(plan: TilePlan, share: <T extends Shareable>(array: T) => T): TilePlan {
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
