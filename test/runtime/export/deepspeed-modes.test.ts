import fc from 'fast-check';
import { expect, it } from 'vitest';
import { modeOf } from '../../../runtime/export/deepspeed-modes.ts';
import { deepSpeedMode } from './model-consumers.ts';

type Config = Parameters<typeof deepSpeedMode>[0];

/** The layouts of all heads, [heads, size, size], and how many there are of it. */
function layoutOf(config: Partial<Config> & { mode: string }, heads: number, size: number): Uint8Array {
  const own = (head: number): number => (config.different_layout_per_head === true ? head : 0);
  return Uint8Array.from(
    Array.from({ length: heads }, (_, head) =>
      deepSpeedMode(config as Config, own(head), size)
        .flat()
        .map(Number),
    ).flat(),
  );
}

/** Finds a mode with the layout of another one. */
function expectFound(config: Partial<Config> & { mode: string }, heads: number, size: number): void {
  const allowed = layoutOf(config, heads, size);
  const found = modeOf(allowed, { rows: size, columns: size });
  expect(found).toBeDefined();
  expect(layoutOf(found as unknown as Config, heads, size)).toEqual(allowed);
}

const sizes = fc.integer({ min: 1, max: 20 });

it('finds every fixed configuration, by the layouts of its heads', () => {
  const configs = fc
    .tuple(fc.integer({ min: 1, max: 8 }), fc.nat(7), fc.constantFrom('bidirectional', 'unidirectional'), fc.boolean())
    .chain(([local, divisor, attention, horizontal]) => {
      const divisors = [1, 2, 3, 4, 5, 6, 7, 8].filter(each => local % each === 0);
      const global = divisors[divisor % divisors.length]!;
      return fc.record({
        mode: fc.constant('fixed'),
        different_layout_per_head: fc.constant(true),
        num_local_blocks: fc.constant(local),
        num_global_blocks: fc.constant(global),
        attention: fc.constant(attention),
        horizontal_global_attention: fc.constant(horizontal && attention === 'bidirectional'),
        num_different_global_patterns: fc.integer({ min: 1, max: local / global }),
      });
    });
  fc.assert(
    fc.property(configs, sizes, fc.integer({ min: 1, max: 4 }), (config, more, heads) => {
      expectFound(config, heads, Math.max(more, config.num_local_blocks));
    }),
    { numRuns: 500 },
  );
});

it('finds every longformer configuration', () => {
  fc.assert(
    fc.property(sizes, fc.nat(4), fc.uniqueArray(fc.nat(19), { maxLength: 4 }), (size, near, global) => {
      const window = 2 * Math.min(near, Math.floor((size - 1) / 2)) + 1;
      const config = { mode: 'bslongformer', num_sliding_window_blocks: window, global_block_indices: global };
      expectFound(config, 2, size);
    }),
    { numRuns: 300 },
  );
});

it('finds windows of several sizes with global blocks', () => {
  const windows = fc.array(fc.integer({ min: 2, max: 6 }), { minLength: 1, maxLength: 4 });
  const attentions = fc.constantFrom('bidirectional', 'unidirectional');
  fc.assert(
    fc.property(windows, fc.uniqueArray(fc.nat(19), { maxLength: 1 }), attentions, (local, global, attention) => {
      const config = {
        mode: 'variable',
        num_random_blocks: 0,
        local_window_blocks: local,
        global_block_indices: global,
        attention,
        horizontal_global_attention: false,
      };
      expectFound(config, 1, 20);
    }),
    { numRuns: 300 },
  );
});
