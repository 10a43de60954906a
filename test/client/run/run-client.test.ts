import { describe, expect, it, vi } from 'vitest';
import { RunClient, type RunPortEvents } from '../../../client/run/run-client.ts';
import type { ToRuns } from '../../../client/run/run-messages.ts';

/** Somebody who does what the test says. */
function start(client: (events: RunPortEvents, message: ToRuns) => void) {
  const log: string[] = [];
  let number = 0;
  const made = new RunClient(
    events => {
      const own = ++number;
      log.push(`start ${own}`);
      return {
        post(message) {
          log.push(`${message.kind} ${'id' in message ? message.id : ''}`);
          client(events, message);
        },
        end: () => log.push(`end ${own}`),
      };
    },
    (key, kernel) => log.push(`kept ${key} ${kernel}`),
  );
  return { client: made, log };
}

const shape = { kind: 'shape', name: 'a.npz', bytes: new Uint8Array(1) } as const;
const answer = { heads: 1, kvHeads: 1, queries: 1, keys: 1, headDim: 1 };

describe('whoever runs attention', () => {
  it('is started once, and answers', async () => {
    const { client, log } = start((events, message) => {
      if (message.kind !== 'ask') return;
      events.received({ kind: 'kernel', key: 'k', kernel: 'fast' });
      events.received({ kind: 'step', id: message.id, step: { stage: 'compile', done: 0, leftMs: null } });
      events.received({ kind: 'answer', id: message.id, answer });
    });
    const steps: string[] = [];
    expect(await client.ask(shape, { onStep: ({ stage }) => steps.push(stage) })).toEqual(answer);
    expect(await client.ask(shape)).toEqual(answer);
    expect(steps).toEqual(['compile']);
    expect(log).toEqual(['start 1', 'ask 1', 'kept k fast', 'ask 2', 'kept k fast']);
  });

  it('is ended when it does not stop soon after it was cancelled, and started anew', async () => {
    vi.useFakeTimers();
    try {
      const { client, log } = start((events, message) => {
        if (message.kind === 'ask' && message.id === 2) events.received({ kind: 'answer', id: 2, answer });
      });
      const abort = new AbortController();
      const asked = client.ask(shape, { signal: abort.signal });
      const failed = expect(asked).rejects.toMatchObject({ name: 'AbortError' });
      await vi.advanceTimersByTimeAsync(10);
      abort.abort();
      await vi.advanceTimersByTimeAsync(5000);
      await failed;
      expect(await client.ask(shape)).toEqual(answer);
      expect(log).toEqual(['start 1', 'ask 1', 'cancel 1', 'end 1', 'start 2', 'ask 2']);
    } finally {
      vi.useRealTimers();
    }
  });

  it('fails what was asked when it ends, and is started again', async () => {
    const { client, log } = start((events, message) => {
      if (message.kind !== 'ask') return;
      if (message.id === 1) events.failed('It crashed.');
      else events.received({ kind: 'failed', id: message.id, message: 'no such file', cancelled: false });
    });
    await expect(client.ask(shape)).rejects.toThrow('It crashed.');
    await expect(client.ask(shape)).rejects.toThrow('no such file');
    expect(log.filter(each => each.startsWith('start'))).toEqual(['start 1', 'start 2']);
  });
});
