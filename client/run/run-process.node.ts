import { readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { runInThisContext } from 'node:vm';
import type { AttentionHosts } from '../../runtime/attention/attention.ts';
import { nodeWorkers } from '../../runtime/attention/cpu/workers.node.ts';
import { openDawn } from '../../runtime/attention/gpu/dawn.node.ts';
import { keptKernels } from '../../runtime/attention/gpu/kept-kernels.node.ts';

/**
 * The process of the extension host's machine that runs attention: the script of the page's worker, with Node's ways to a GPU
 * and to threads. A process and not a thread, because Dawn is native code: when it ends with a crash, the host goes on.
 *
 * Arguments: the worker's script, and Dawn's module.
 */
const [, , script = '', dawn = ''] = process.argv;
const hosts: AttentionHosts = {
  gpu: () => openDawn(() => import(pathToFileURL(dawn).href)),
  workers: nodeWorkers(),
  kernels: keptKernels(),
};
const self: { onmessage: (event: { readonly data: unknown }) => void; postMessage(message: unknown): void } = {
  onmessage: () => {},
  postMessage: message => void process.send?.(message),
};
Object.assign(globalThis, { self, sparseHosts: hosts });
runInThisContext(readFileSync(script, 'utf8'), { filename: script });
process.on('message', data => self.onmessage({ data }));
// Whoever asked is gone.
process.on('disconnect', () => process.exit());
