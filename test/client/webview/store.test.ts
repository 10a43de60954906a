import { describe, expect, it } from 'vitest';
import { Store } from '../../../client/webview/store.ts';

describe('Store', () => {
  it('tells what changed, and nothing that did not', () => {
    const store = new Store({ a: 1, b: 'x' });
    const told: unknown[] = [];
    const stop = store.subscribe((state, before) => told.push([before, state]));
    store.update({ a: 1 });
    store.update({ a: 2 });
    store.update(({ a }) => ({ a: a + 1, b: 'y' }));
    expect(told).toEqual([
      [
        { a: 1, b: 'x' },
        { a: 2, b: 'x' },
      ],
      [
        { a: 2, b: 'x' },
        { a: 3, b: 'y' },
      ],
    ]);
    stop();
    store.update({ a: 9 });
    expect(told).toHaveLength(2);
  });

  it('tells everybody the newest state once, also when listeners change it', () => {
    const store = new Store({ a: 0, double: 0 });
    const seen: [number, number][] = [];
    store.subscribe(({ a }) => store.update({ double: 2 * a }));
    store.subscribe(({ a, double }) => seen.push([a, double]));
    store.update({ a: 3 });
    expect(store.state).toEqual({ a: 3, double: 6 });
    expect(seen).toEqual([[3, 6]]);
  });

  it('goes on after a listener that throws', () => {
    const store = new Store({ a: 0 });
    const stop = store.subscribe(() => {
      throw new Error('broken');
    });
    expect(() => store.update({ a: 1 })).toThrow('broken');
    stop();
    let told = 0;
    store.subscribe(({ a }) => {
      told = a;
    });
    store.update({ a: 2 });
    expect(told).toBe(2);
  });
});
