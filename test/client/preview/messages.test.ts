import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isToHost } from '../../../client/preview/messages.ts';

describe('isToHost', () => {
  it('accepts every message of the page', () => {
    for (const message of [
      { type: 'ready', chosen: null },
      { type: 'ready', chosen: { uri: 'file:///a', name: null, tokens: 64, adjustments: { size: 8 } } },
      { type: 'adjust', adjustments: { size: 8, on: true, tokens: '[0]' } },
      { type: 'apply', adjustments: { size: 8 } },
      { type: 'tokens', tokens: 4096 },
      { type: 'export' },
      { type: 'pickTensors' },
      { type: 'pickLanguageModel' },
      { type: 'modelAt', of: { uri: 'file:///a', name: 'b', tokens: null, adjustments: {} }, tokens: 4096 },
      { type: 'runInHost', id: 1, request: {} },
      { type: 'cancelRun', id: 1 },
      { type: 'readTensors', uri: 'file:///a.npz' },
      { type: 'compare' },
      { type: 'save', name: 'mine-64', format: 'png', bytes: Uint8Array.of(1) },
      { type: 'other', other: null, tokens: null },
      { type: 'other', other: { uri: 'file:///a', name: 'b' }, tokens: 64 },
      { type: 'copy', text: 'a,b' },
      { type: 'ran', backend: 'cpu', device: 'WASM SIMD, 2 threads' },
      { type: 'select', chosen: { uri: 'file:///a', name: 'b', tokens: null, adjustments: {} }, byUser: true },
      { type: 'view', view: { uri: 'file:///a', name: null, tokens: 16, layer: 0, head: 0, hidden: ['full()'] } },
      { type: 'reveal', span: { uri: 'file:///a', start: 0, end: 1 }, focus: false },
      { type: 'remove', spans: [{ uri: 'file:///a', start: 0, end: 1 }] },
    ])
      expect(isToHost(message)).toBe(true);
  });

  it('refuses everything else without throwing', () => {
    for (const message of [
      null,
      3,
      {},
      { type: 'select' },
      { type: 'copy', text: 3 },
      { type: 'readTensors' },
      { type: 'runInHost', id: 1, request: null },
      { type: 'cancelRun' },
      { type: 'select', chosen: null, byUser: true },
      { type: 'select', chosen: { uri: 'file:///a', name: 'b', tokens: null, adjustments: {} } },
      { type: 'ready' },
      { type: 'ready', chosen: { uri: 'file:///a', name: null, tokens: 'many', adjustments: {} } },
      { type: 'ready', chosen: { uri: 'file:///a', name: null, tokens: null } },
      { type: 'ready', chosen: { uri: 7, name: null, tokens: null, adjustments: {} } },
      { type: 'modelAt', tokens: 4096 },
      { type: 'view', view: { uri: 'file:///a', name: null, tokens: 16, layer: 0, head: 0, hidden: [3] } },
      { type: 'view', view: { name: null, tokens: 16, layer: 0, head: 0, hidden: [] } },
      { type: 'adjust', adjustments: { size: null } },
      { type: 'apply' },
      { type: 'save', name: 'mine-64', format: 'gif', bytes: Uint8Array.of(1) },
      { type: 'save', name: 'mine-64', format: 'png', bytes: [1] },
      { type: 'other', other: { uri: 'file:///a' }, tokens: 64 },
      { type: 'other', other: null },
      { type: 'view', view: null },
      { type: 'reveal', span: { uri: 1 }, focus: true },
      { type: 'reveal', span: { uri: 'file:///a', start: 0, end: 1 } },
      { type: 'remove', spans: [{ uri: 'file:///a' }] },
      { type: 'remove' },
      { type: 'ran', backend: 'cpu' },
      { type: 'other' },
    ])
      expect(isToHost(message)).toBe(false);
    const type = fc.constantFrom('ready', 'export', 'select', 'view', 'reveal', 'remove', 'other');
    const odd = fc.record(
      { type, name: fc.anything(), chosen: fc.anything(), view: fc.anything(), span: fc.anything() },
      { requiredKeys: ['type'] },
    );
    fc.assert(fc.property(fc.oneof(odd, fc.anything()), thing => typeof isToHost(thing) === 'boolean'));
  });
});
