import { describe, expect, it } from 'vitest';
import { askTensors, type Pickable } from '../../../client/preview/ask-tensors.ts';
import { readTensors } from '../../../client/run/do-run.ts';
import { tensorLayers } from '../../../client/webview/quality/tensor-layers.ts';
import { fromFloat32 } from '../../../runtime/tensor/convert.ts';
import { writeSafetensors } from '../../../runtime/tensor/safetensors.ts';

/** A file of tensors, each of which holds 0, 1, 2, ... */
function fileOf(shapes: Readonly<Record<string, readonly number[]>>): Uint8Array<ArrayBuffer> {
  const tensors = Object.entries(shapes).map(([name, shape]) => {
    const size = shape.reduce((product, length) => product * length, 1);
    return [
      name,
      fromFloat32(
        Float32Array.from({ length: size }, (_, at) => at),
        shape,
      ),
    ] as const;
  });
  return new Uint8Array(writeSafetensors(Object.fromEntries(tensors)));
}

/** Answers with the items whose labels begin so, and keeps the questions. */
function answering(...answers: readonly (string | undefined)[]) {
  const asked: { readonly title: string; readonly labels: readonly string[] }[] = [];
  const pick = async <T extends Pickable>(title: string, items: readonly T[]): Promise<T | undefined> => {
    const answer = answers[asked.length];
    asked.push({ title, labels: items.map(({ label }) => label) });
    if (answer === undefined) return undefined;
    const found = items.find(({ label }) => label.startsWith(answer));
    if (found === undefined) throw new Error(`nobody offers ${answer}`);
    return found;
  };
  return { asked, pick };
}

describe('what is asked of a file of tensors', () => {
  it.each([
    ['heads before tokens', { q: [4, 1024, 2], k: [2, 1024, 2], v: [2, 1024, 2] }],
    ['tokens before heads', { q: [300, 4, 2], k: [300, 2, 2], v: [300, 2, 2] }],
    ['one head', { q: [1, 20, 2], k: [1, 20, 2], v: [1, 20, 2] }],
    ['tensors that do not fit', { q: [4, 1024, 2], k: [3, 1024, 2], v: [2, 1000, 2] }],
  ])('is nothing where all is clear: %s', async (_, shapes) => {
    const { asked, pick } = answering();
    expect(await askTensors(fileOf(shapes), pick)).toEqual({});
    expect(asked).toEqual([]);
  });

  it('is nothing of what is no file of tensors', async () => {
    const { asked, pick } = answering();
    expect(await askTensors(new TextEncoder().encode('no tensors at all'), pick)).toEqual({});
    expect(await askTensors(new Uint8Array(0), pick)).toEqual({});
    expect(asked).toEqual([]);
  });

  it('is which tensors are meant, how their axes lie, and which of a batch', async () => {
    const bytes = fileOf({ foo: [3, 20, 4, 2], bar: [3, 24, 2, 2], baz: [3, 24, 2, 2] });
    const { asked, pick } = answering('foo', 'bar', 'baz', '3 of a batch, 24 tokens', '2');
    const tensors = await askTensors(bytes, pick);
    expect(tensors).toEqual({ names: { q: 'foo', k: 'bar', v: 'baz' }, layout: 'bnhd', batch: 2 });
    expect(asked.map(({ title }) => title)).toEqual([
      'Which tensor holds the queries?',
      'Which tensor holds the keys?',
      'Which tensor holds the values?',
      'Axes of bar, [3, 24, 2, 2]',
      'Which of the batch',
    ]);
    expect(asked[3]!.labels).toEqual([
      '3 of a batch, 24 heads, 2 tokens, 2 numbers a head',
      '3 of a batch, 24 tokens, 2 heads, 2 numbers a head',
    ]);
    // What is measured and what is run are these tensors.
    const file = { uri: 'file:///a.safetensors', name: 'a.safetensors', bytes, tensors: tensors! };
    const [layer] = await tensorLayers(file);
    for (const input of [await layer!.read(), await readTensors(file, null)]) {
      expect(input).toMatchObject({ heads: 4, kvHeads: 2, queries: 20, keys: 24, headDim: 2 });
      // Head 1 of token 0 of the last of the batch.
      expect(input.k[24 * 2]).toBe(2 * 24 * 2 * 2 + 2);
    }
    await expect(tensorLayers({ uri: '', name: '', bytes })).rejects.toThrow('no q, k and v that are named alike');
  });

  it('is which ones where several are named alike', async () => {
    const shape = [1, 8, 2];
    const names = ['a.q', 'a.k', 'a.v', 'b.q', 'b.k', 'b.v'];
    const { pick } = answering('b.q', 'b.k', 'b.v');
    const bytes = fileOf(Object.fromEntries(names.map(name => [name, shape])));
    expect(await askTensors(bytes, pick)).toEqual({ names: { q: 'b.q', k: 'b.k', v: 'b.v' } });
  });

  it.each([1, 2, 3, 4, 5])('ends when the user turns away from question %i', async questions => {
    const answers = ['foo', 'bar', 'baz', '3 of a batch, 24 heads', undefined].map((answer, at) =>
      at < questions - 1 ? answer : undefined,
    );
    const { asked, pick } = answering(...answers);
    expect(await askTensors(fileOf({ foo: [3, 24, 4, 2], bar: [3, 24, 4, 2], baz: [3, 24, 4, 2] }), pick)).toBeNull();
    expect(asked).toHaveLength(questions);
  });
});
