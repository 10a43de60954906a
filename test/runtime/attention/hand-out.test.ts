import { describe, expect, it } from 'vitest';
import { Crew } from '../../../runtime/attention/cpu/crew.ts';
import { type Batched, handOut } from '../../../runtime/attention/cpu/hand-out.ts';
import type { WorkerHost } from '../../../runtime/attention/cpu/worker-host.ts';

type Answer = { readonly type: 'ready' } | { readonly type: 'double'; readonly of: number };

/** Workers that double numbers, in turns of their own. */
function doubling(ended: { count: number }): WorkerHost {
  return {
    threads: 2,
    shared: false,
    spawn() {
      let tell: (data: unknown) => void = () => {};
      return {
        post(message) {
          const answer = message === 'load' ? { type: 'ready' } : { type: 'double', of: 2 * Number(message) };
          if (message !== 'common') setTimeout(() => tell(answer));
        },
        listen: on => {
          tell = on.message;
        },
        hold() {},
        terminate: () => {
          ended.count++;
        },
      };
    },
  };
}

function numbers(put: (index: number, double: number) => void, batch = (index: number) => index) {
  return {
    batches: 7,
    common: () => ({ message: 'common', transfer: [] }),
    batch: index => ({ message: batch(index), transfer: [] }),
    resultOf: message => (message.type === 'double' ? message.of : undefined),
    put,
  } satisfies Batched<Answer, number>;
}

describe('handing work out to workers', () => {
  it('gives each batch to one of them, and takes each result once', async () => {
    const ended = { count: 0 };
    const doubles: number[] = [];
    const crew = new Crew<Answer>(doubling(ended), '', 'load');
    await handOut(
      crew,
      2,
      numbers((index, double) => {
        doubles[index] = double;
      }),
      undefined,
    );
    expect(doubles).toEqual([0, 2, 4, 6, 8, 10, 12]);
    expect(ended.count).toBe(0);
  });

  it('fails, and ends them, when a batch cannot be made or a result not taken', async () => {
    const failing = (): never => {
      throw new RangeError('there is no memory');
    };
    for (const work of [
      numbers(failing),
      numbers(
        () => {},
        index => (index < 5 ? index : failing()),
      ),
    ]) {
      const ended = { count: 0 };
      const crew = new Crew<Answer>(doubling(ended), '', 'load');
      await expect(handOut(crew, 2, work, undefined)).rejects.toThrow('there is no memory');
      expect(ended.count).toBe(2);
    }
  });
});
