import { isAbort } from '../../runtime/attention/abort.ts';
import type { Attention } from '../../runtime/attention/attention.ts';
import { attentionWeights } from '../../runtime/attention/weights.ts';
import type { RowSelector } from '../../runtime/dynamic/rows/row-rule.ts';
import { bytesOf, doRun, type RunTensors, readTensors, tensorsOf } from './do-run.ts';
import type { FromRuns, RunAnswers, RunQuestion, ToRuns } from './run-messages.ts';

/** Sends a message, with buffers that go over to the other side. */
export type SendRuns = (message: FromRuns, transfer?: ArrayBuffer[]) => void;

/**
 * Answers questions about runs, one run at a time, and remembers the latest run for questions about its weights.
 *
 * @param keptBytes larger tensors are let go after the run, and made or read again when somebody asks
 */
export function serveRuns(
  attention: Attention,
  rows: RowSelector,
  send: SendRuns,
  keptBytes: number,
): (message: ToRuns) => void {
  const underWay = new Map<number, AbortController>();
  let latest: { readonly run: number; readonly tensors: RunTensors } | null = null;

  const answer = async (id: number, question: RunQuestion): Promise<void> => {
    switch (question.kind) {
      case 'run': {
        const abort = new AbortController();
        underWay.set(id, abort);
        // Its tensors would be in the way of those to come.
        latest = null;
        try {
          const { found, tensors } = await doRun(question.request, {
            attention,
            rows,
            memoryLimit: question.memoryLimit,
            signal: abort.signal,
            onStep: step => send({ kind: 'step', id, step }),
          });
          if (tensors !== null && bytesOf(tensors.input) <= keptBytes) latest = { run: id, tensors };
          send({ kind: 'answer', id, answer: found });
        } finally {
          underWay.delete(id);
        }
        break;
      }
      case 'shape': {
        const { heads, kvHeads, queries, keys, headDim } = await readTensors(question, null);
        send({ kind: 'answer', id, answer: { heads, kvHeads, queries, keys, headDim } });
        break;
      }
      case 'weights': {
        const { run, head, grid, remembered } = question;
        if (latest?.run !== run && remembered !== null)
          latest = { run, tensors: await tensorsOf(remembered.request, remembered.lse, rows) };
        if (latest?.run !== run) {
          send({ kind: 'answer', id, answer: null satisfies RunAnswers['weights'] });
          break;
        }
        const { input, parts, lse } = latest.tensors;
        const found = attentionWeights(input, parts, lse, head, grid);
        send({ kind: 'answer', id, answer: found }, [found.mean.buffer, found.max.buffer]);
        break;
      }
    }
  };

  return message => {
    if (message.kind === 'cancel') underWay.get(message.id)?.abort();
    if (message.kind !== 'ask') return;
    const { id, question } = message;
    answer(id, question).catch((error: unknown) =>
      send({
        kind: 'failed',
        id,
        message: error instanceof Error ? error.message : String(error),
        cancelled: isAbort(error),
      }),
    );
  };
}
