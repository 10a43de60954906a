import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isToHost } from '../../../client/preview/messages.ts';

describe('isToHost', () => {
  it('accepts every message of the page', () => {
    for (const message of [
      { type: 'ready', tokens: null },
      { type: 'tokens', tokens: 4096 },
      { type: 'export' },
      { type: 'pickTensors' },
      { type: 'pickLanguageModel' },
      { type: 'readTensors', uri: 'file:///a.npz' },
      { type: 'copy', text: 'a,b' },
      { type: 'ran', backend: 'cpu', device: 'WASM SIMD, 2 threads' },
      { type: 'select', name: 'a' },
      { type: 'view', view: { name: null, tokens: 16, layer: 0, head: 0 } },
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
      { type: 'ready', tokens: 'many' },
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
      { type, name: fc.anything(), view: fc.anything(), span: fc.anything() },
      { requiredKeys: ['type'] },
    );
    fc.assert(fc.property(fc.oneof(odd, fc.anything()), thing => typeof isToHost(thing) === 'boolean'));
  });
});
