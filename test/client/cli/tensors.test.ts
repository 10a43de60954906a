import { appendFileSync, truncateSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Failure } from '../../../client/cli/failure.ts';
import { problemOfSamples, problemOfTensors } from '../../../client/cli/run-problem.ts';
import type { Subject } from '../../../client/cli/subject.ts';
import { openInput, readInput, type TensorChoice } from '../../../client/cli/tensors.ts';
import { oneHead } from '../../../runtime/attention/one-head.ts';
import { sampleInput } from '../../../runtime/attention/sample-data.ts';
import { fromFloat32, fromUint32 } from '../../../runtime/tensor/convert.ts';
import type { Tensor } from '../../../runtime/tensor/dtype.ts';
import { writeNpy } from '../../../runtime/tensor/npy.ts';
import { writeNpz } from '../../../runtime/tensor/npz.ts';
import { writeSafetensors } from '../../../runtime/tensor/safetensors.ts';
import { createLanguage, NO_FILES } from '../../../server/language.ts';
import { temporaryFolder } from './command-line.ts';

const folder = temporaryFolder();
const never = new AbortController().signal;
const shape = { heads: 4, kvHeads: 2, queries: 5, keys: 7, headDim: 3 };
const sample = sampleInput(shape, 1);
const q = fromFloat32(sample.q, [4, 5, 3]);
const k = fromFloat32(sample.k, [2, 7, 3]);
const v = fromFloat32(sample.v, [2, 7, 3]);
let files = 0;

function file(contents: Uint8Array): string {
  const name = path.join(folder, `${files++}.safetensors`);
  writeFileSync(name, contents);
  return name;
}

function filled(...size: number[]): Tensor {
  return fromFloat32(new Float32Array(size.reduce((product, extent) => product * extent, 1)), size);
}

async function read(tensors: Record<string, Tensor>): ReturnType<typeof readInput> {
  return readInput(file(writeSafetensors(tensors)), {}, never);
}

describe('reading q, k and v', () => {
  it('reads F32', async () => {
    expect(await read({ q, k, v, more: filled(1) })).toEqual(sample);
  });

  it('reads F16 and BF16, mixed', async () => {
    // Whole numbers are the same in all three.
    const numbers = Float32Array.from(sample.q, (_, i) => (i % 200) - 100);
    const truncated = new Uint8Array(numbers.length * 2);
    numbers.forEach((value, i) => {
      const view = new DataView(new ArrayBuffer(4));
      view.setFloat32(0, value);
      truncated[2 * i] = view.getUint8(1);
      truncated[2 * i + 1] = view.getUint8(0);
    });
    const half = fromFloat32(numbers, [4, 5, 3], 'f16');
    expect((await read({ q: half, k, v })).q).toEqual(numbers);
    expect((await read({ q: { dtype: 'bf16', shape: [4, 5, 3], data: truncated }, k, v })).q).toEqual(numbers);
  });

  const nan = fromFloat32(
    Float32Array.from(sample.k, (value, i) => (i === 4 ? Number.NaN : value)),
    [2, 7, 3],
  );
  it.each<[string, Record<string, Tensor>, RegExp]>([
    ['no tensors', {}, /has no q, k and v that are named alike.*It has none/],
    ['no v', { q, k, wert: v }, /has no q, k and v that are named alike.*It has k, q, wert/],
    ['two axes', { q: filled(5, 3), k, v }, /q is \[5, 3\], but should be \[heads, tokens, head_dim\]/],
    ['four axes', { q: filled(1, 4, 5, 3), k, v }, /q is \[1, 4, 5, 3\]/],
    ['an empty axis', { q: filled(4, 0, 3), k, v }, /q is empty/],
    ['integers', { q: fromUint32(new Uint32Array(60), [4, 5, 3]), k, v }, /q is U32; convert/],
    ['k unlike v', { q, k, v: filled(2, 8, 3) }, /k is \[2, 7, 3\] and v is \[2, 8, 3\]/],
    ['another head_dim', { q: filled(4, 5, 2), k, v }, /head_dim 2 and k has 3/],
    ['heads that do not divide', { q: filled(3, 5, 3), k, v }, /3 heads and k has 2/],
    ['more queries than tokens', { q: filled(4, 8, 3), k, v }, /8 queries, but k has only 7 tokens/],
    ['NaN', { q, k: nan, v }, /k holds NaN at \[0, 1, 1\]/],
  ])('refuses %s', async (_what, tensors, message) => {
    await expect(read(tensors)).rejects.toMatchObject({
      exitCode: 2,
      message: expect.stringMatching(message) as unknown,
    });
  });

  /** [heads][tokens][dim] as [tokens][heads][dim]. */
  const tokensFirst = (data: Float32Array, heads: number, tokens: number, dim: number): Tensor => {
    const out = data.slice();
    for (let h = 0; h < heads; h++)
      for (let n = 0; n < tokens; n++)
        for (let d = 0; d < dim; d++) out[(n * heads + h) * dim + d] = data[(h * tokens + n) * dim + d]!;
    return fromFloat32(out, [tokens, heads, dim]);
  };
  const swapped = {
    q: tokensFirst(sample.q, 4, 5, 3),
    k: tokensFirst(sample.k, 2, 7, 3),
    v: tokensFirst(sample.v, 2, 7, 3),
  };
  /** Zeros but for the last. */
  const batchOf = (tensor: Tensor, count = 2): Tensor => {
    const data = new Uint8Array(count * tensor.data.length);
    data.set(tensor.data, (count - 1) * tensor.data.length);
    return { ...tensor, shape: [count, ...tensor.shape], data };
  };
  const named = (name: string, contents: Uint8Array): string => {
    const to = path.join(folder, name);
    writeFileSync(to, contents);
    return to;
  };

  it.each<[string, () => string | undefined, TensorChoice]>([
    ['.npz', () => named('plain.npz', writeNpz({ q, k, v })), {}],
    ['tokens before heads', () => named('nhd.npz', writeNpz(swapped)), { layout: 'nhd' }],
    [
      'a batch',
      () => file(writeSafetensors({ q: batchOf(q), k: batchOf(k), v: batchOf(v) })),
      { layout: 'bhnd', batch: 1 },
    ],
    [
      'a batch with tokens before heads',
      () => file(writeSafetensors({ q: batchOf(swapped.q), k: batchOf(swapped.k), v: batchOf(swapped.v) })),
      { layout: 'bnhd', batch: 1 },
    ],
    [
      'three .npy files',
      () => undefined,
      {
        q: named('q.npy', writeNpy(q)),
        k: named('k.npy', writeNpy(k)),
        v: named('v.npy', writeNpy(v)),
      },
    ],
    [
      'three .npy files with a batch of three, each of which could be q, k and v in one',
      () => undefined,
      {
        q: named('bq.npy', writeNpy(batchOf(q, 3))),
        k: named('bk.npy', writeNpy(batchOf(k, 3))),
        v: named('bv.npy', writeNpy(batchOf(v, 3))),
        batch: 2,
      },
    ],
    ['other names', () => file(writeSafetensors({ a: q, b: k, c: v })), { q: 'a', k: 'b', v: 'c' }],
    ['names that are found', () => file(writeSafetensors({ query: q, key_states: k, key: k, value: v })), {}],
  ])('reads %s', async (_what, input, choice) => {
    expect(await readInput(input(), choice, never)).toEqual(sample);
  });

  it('says what to do with a .npy file of queries alone', async () => {
    await expect(readInput(named('alone.npy', writeNpy(q)), {}, never)).rejects.toThrow(
      /It is one array, \[4, 5, 3\]; put q, k and v .* into an array \[3, \.\.\.\], or say with --q, --k and --v which three/,
    );
  });

  it('reads one layer of several', async () => {
    const other = fromFloat32(
      sample.q.map(value => value + 1),
      [4, 5, 3],
    );
    const layered = { 'h.0.q': q, 'h.0.k': k, 'h.0.v': v, 'h.10.q': other, 'h.10.k': k, 'h.10.v': v };
    const name = file(writeSafetensors(layered));
    const opened = await openInput(name, {}, never);
    expect(opened.layers).toEqual([0, 10]);
    await opened.close();
    expect((await readInput(name, { layer: 10 }, never)).q).toEqual(sample.q.map(value => value + 1));
    await expect(readInput(name, {}, never)).rejects.toThrow(/has layers 0, 10; say with --layer/);
    await expect(readInput(name, { layer: 3 }, never)).rejects.toThrow(/there is no layer 3: .* has 0, 10/);
  });

  it('refuses what does not fit into memory before it reads it', async () => {
    // A file with a hole: all of it is promised, and hardly any is on the disk.
    const shape = [64, 2 ** 22, 256];
    const bytes = shape.reduce((all, size) => all * size, 2);
    const entry = (at: number) => ({ dtype: 'F16', shape, data_offsets: [at * bytes, (at + 1) * bytes] });
    const header = new TextEncoder().encode(JSON.stringify({ q: entry(0), k: entry(1), v: entry(2) }).padEnd(512));
    const name = path.join(folder, 'large.safetensors');
    const length = new Uint8Array(8);
    new DataView(length.buffer).setBigUint64(0, BigInt(header.length), true);
    writeFileSync(name, length);
    appendFileSync(name, header);
    truncateSync(name, 8 + header.length + 3 * bytes);
    await expect(readInput(name, {}, never)).rejects.toThrow(
      /64 heads and 4194304 tokens needs about 2\.5 TiB of memory/,
    );
  });

  it('ends with words for any damaged file', async () => {
    const sound = writeSafetensors({ q, k, v });
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), { minLength: 1, maxLength: 6 }),
        fc.nat(),
        fc.boolean(),
        async (changes, length, cut) => {
          const damaged = sound.slice(0, cut ? length % sound.length : sound.length);
          for (const [at, value] of changes) damaged[at % Math.max(1, Math.min(damaged.length, 300))] = value;
          const name = path.join(folder, 'damaged.safetensors');
          writeFileSync(name, damaged);
          try {
            await readInput(name, {}, never);
          } catch (error) {
            if (!(error instanceof Failure)) throw error;
            expect(error.exitCode).toBe(2);
            expect(error.message).toContain(name);
          }
        },
      ),
      { numRuns: 300 },
    );
  });

  it('takes one head with the key/value head it reads', () => {
    const head = oneHead(sample, 3);
    expect(head).toMatchObject({ heads: 1, kvHeads: 1, queries: 5, keys: 7, headDim: 3 });
    expect(head.q).toEqual(sample.q.subarray(45, 60));
    expect(head.k).toEqual(sample.k.subarray(21, 42));
    expect(oneHead(sample, 1).v).toEqual(sample.v.subarray(0, 21));
  });
});

describe('fitting tensors to what is run', () => {
  const language = createLanguage(NO_FILES);
  const model = `model M { tokens = 7  heads = 4  kv_heads = 2  head_dim = 3  layers = 2  attention = causal() }`;
  const subject = async (text: string, name: string): Promise<Subject> => {
    const checked = await language.open('memory:///fit.sparse', text);
    expect(checked.diagnostics).toEqual([]);
    return { name, source: text, model: checked.lower(name) };
  };

  it('gives a bare pattern its length, queries and heads', async () => {
    const fitted = problemOfTensors(await subject('pattern p = causal()', 'p'), {}, 'f', sample);
    expect(fitted).toMatchObject({
      layer: 0,
      heads: [0, 1, 2, 3],
      model: { tokens: 7, queries: 5, heads: 4, kvHeads: 2 },
    });
    expect(fitted.model.rules[0]?.heads).toEqual([0, 1, 2, 3]);
    expect(fitted.input).toBe(sample);
  });

  it('takes a model as it is, with the queries of q', async () => {
    const fitted = problemOfTensors(await subject(model, 'M'), { layer: 1, head: 2 }, 'f', sample);
    expect(fitted).toMatchObject({ layer: 1, heads: [2], model: { queries: 5, align: 'end' }, input: { heads: 1 } });
  });

  it.each([
    ['tokens', model.replace('tokens = 7', 'tokens = 8'), {}, /f has 7 tokens, but M has 8; use --tokens 7/],
    ['--tokens', model, { tokens: 9 }, /f has 7 tokens, but --tokens says 9/],
    ['heads', model.replace(' heads = 4', ' heads = 2'), {}, /heads = 4, but M has heads = 2/],
    ['kv_heads', model.replace('kv_heads = 2', 'kv_heads = 4'), {}, /kv_heads = 2, but M has kv_heads = 4/],
    ['head_dim', model.replace('head_dim = 3', 'head_dim = 64'), {}, /head_dim = 3, but M has head_dim = 64/],
    ['queries', model.replace('layers', 'queries = 4  layers'), {}, /q has 5 queries, but M has queries = 4/],
    ['queries than all tokens', model.replace('layers', 'queries = n  layers'), {}, /5 queries, but M has queries = 7/],
    ['head', model, { head: 4 }, /no head 4: M has heads 0 to 3/],
  ])('refuses other %s', async (_what, text, options, message) => {
    const wanted = await subject(text, 'M');
    expect(() => problemOfTensors(wanted, options, 'f', sample)).toThrow(message);
  });

  it('takes the queries that a model states', async () => {
    const wanted = await subject(model.replace('layers', 'queries = 5  align = start  layers'), 'M');
    expect(problemOfTensors(wanted, {}, 'f', sample).model).toMatchObject({ queries: 5, align: 'start' });
  });

  it('takes any head of the tensors for a bare pattern, and no other', async () => {
    const wanted = await subject('pattern p = causal()', 'p');
    expect(problemOfTensors(wanted, { head: 3 }, 'f', sample)).toMatchObject({ heads: [3], model: { heads: 4 } });
    expect(() => problemOfTensors(wanted, { head: 4 }, 'f', sample)).toThrow(/no head 4: f has heads 0 to 3/);
  });

  it('lets tensors choose what a model leaves open', async () => {
    const wanted = await subject(model.replace('head_dim = 3', ''), 'M');
    expect(problemOfTensors(wanted, {}, 'f', sample).input.headDim).toBe(3);
  });

  it('makes up data of the model, the same every time', async () => {
    const wanted = await subject(model.replace('layers', 'queries = 2  layers'), 'M');
    const made = problemOfSamples(wanted, {});
    expect(made.input).toMatchObject({ heads: 4, kvHeads: 2, queries: 2, keys: 7, headDim: 3 });
    expect(problemOfSamples(wanted, {}).input).toEqual(made.input);
    expect(problemOfSamples(wanted, { tokens: 20, head: 1 })).toMatchObject({
      heads: [1],
      input: { heads: 1, keys: 20 },
    });
    expect(() => problemOfSamples(wanted, { tokens: 1 })).toThrow(/2 queries but only 1 tokens/);
    const bare = await subject('pattern p = causal()', 'p');
    expect(problemOfSamples(bare, { tokens: 9 }).input).toMatchObject({ heads: 1, queries: 9, keys: 9, headDim: 64 });
    expect(() => problemOfSamples(bare, {})).toThrow(/--tokens/);
    expect(() =>
      problemOfSamples({ ...bare, model: { ...bare.model, heads: 64, kvHeads: 64 } }, { tokens: 2 ** 26 }),
    ).toThrow(/needs about .*iB of memory/);
  });
});
