import { describe, expect, it } from 'vitest';
import { statistics } from '../../../runtime/analyse/statistics.ts';
import { type ExportRequest, formats } from '../../../runtime/export/formats.ts';
import { ExportFitError } from '../../../runtime/export/misfit.ts';
import type { Pattern } from '../../../runtime/pattern/ir.ts';
import { squareShape } from '../../../runtime/pattern/shape.ts';
import { readNpy } from '../../../runtime/tensor/npy.ts';
import { readNpz } from '../../../runtime/tensor/npz.ts';
import { allows as defined } from '../brute-force.ts';
import {
  type Case,
  check,
  every,
  expectSame,
  isWhole,
  or,
  positions,
  primitive,
  refusal,
  single,
  write,
} from './cases.ts';
import {
  type Allows,
  blockLayout,
  cHeader,
  flashInfer,
  flashInferVsa,
  flashMask,
  flexAttention,
  mitBlockSparse,
  packedBits,
  pngPixels,
  scipyBsr,
  sparge,
  textOf,
} from './consumers.ts';

describe('formats for any mask', () => {
  it('npy and npz-dense', () =>
    check(one => {
      const { queries, tokens } = one.request.shape;
      const npy = readNpy(write('npy', one.request).files[0].bytes);
      expect(npy.shape).toEqual([...(one.request.heads ? [one.heads] : []), queries, tokens]);
      expect(npy.dtype).toBe('bool');
      expectSame((head, i, j) => npy.data[(head * queries + i) * tokens + j] === 1, one);
      expect(readNpz(write('npz-dense', one.request).files[0].bytes).get('mask')).toEqual(npy);
    }));

  it('bits', () =>
    check(one => {
      const { shape, allows } = packedBits(write('bits', one.request).files[0]);
      const { queries, tokens } = one.request.shape;
      expect(shape).toEqual([...(one.request.heads ? [one.heads] : []), queries, tokens]);
      expectSame(allows, one);
    }));

  it('bsr', () =>
    check(each => {
      const one = single(each);
      const { shape, allows } = scipyBsr(write('bsr', one.request).files[0]);
      expect(shape).toEqual([one.request.shape.queries, one.request.shape.tokens]);
      expectSame(allows, one);
    }));

  it('c', () => check(each => expectSame(cHeader(write('c', single(each).request).files[0]), single(each))));

  it('flex, uncompiled and compiled, with proofs that hold', () => {
    const proven = { safe: new Set<boolean>(), contiguous: new Set<boolean>() };
    const formulas = new Set<string>();
    check(one => {
      const { queries, tokens } = one.request.shape;
      const [module, tensors, ...more] = write('flex', one.request).files;
      expect([module.extension, tensors?.extension, more.length]).toEqual(['py', 'safetensors', 0]);
      const flex = flexAttention(module, tensors!);
      expect(flex.heads).toBe(one.heads);
      expectSame(flex.eager, one);
      if (flex.formula !== undefined) formulas.add(flex.formula);
      expectSame(flex.compiled, one);
      const { ROWS_GUARANTEED_SAFE: safe, BLOCKS_ARE_CONTIGUOUS: contiguous } = flex.options;
      let empty = false;
      for (let head = 0; head < one.heads; head++)
        for (let i = 0; i < queries; i++)
          empty ||= !Array.from({ length: tokens }, (_, j) => one.allows(head, i, j)).includes(true);
      expect(safe).toBe(!empty);
      // Kernels walk the lists of rows forwards and those of columns backwards.
      const isRun = (list: number[]): boolean => list.every((at, index) => index === 0 || at === list[index - 1]! + 1);
      const rows = Array.from({ length: Math.ceil(queries / 128) }, (_, row) => row);
      const columns = Array.from({ length: Math.ceil(tokens / 128) }, (_, column) => column);
      let runs = true;
      for (let head = 0; head < one.heads; head++)
        for (const kind of ['partial', 'full'] as const) {
          const lists = rows.map(row => flex.lists(head, row)[kind]);
          runs &&= lists.every(isRun);
          runs &&= columns.every(column => isRun(rows.filter(row => lists[row]!.includes(column))));
        }
      expect(contiguous).toBe(runs);
      proven.safe.add(safe);
      proven.contiguous.add(contiguous);
    });
    expect(proven.safe.size).toBe(2);
    expect(formulas.size).toBeGreaterThan(10);
  });

  it('flex: blocks that are not contiguous, forwards or backwards', () => {
    const shape = squareShape(1000);
    const optionsOf = (pattern: Pattern) => {
      const [module, tensors] = write('flex', { name: 'm', source: undefined, pattern, shape }).files;
      return flexAttention(module, tensors!).options;
    };
    expect(optionsOf(primitive('sliding', { size: 100 })).BLOCKS_ARE_CONTIGUOUS).toBe(true);
    expect(optionsOf(primitive('strided', { stride: 500 })).BLOCKS_ARE_CONTIGUOUS).toBe(false);
    expect(optionsOf(positions('rows', 3)).BLOCKS_ARE_CONTIGUOUS).toBe(true);
    // Each row of blocks is one stretch, each column is not.
    expect(optionsOf(positions('rows', 3, 700)).BLOCKS_ARE_CONTIGUOUS).toBe(false);
  });
});

describe('formats for some masks', () => {
  it('flashinfer: one mask for all heads', () => {
    let refused = 0;
    check(one => {
      const { allows, heads } = one;
      const equal = every(one, (head, i, j) => allows(head, i, j) === allows(0, i, j));
      const error = refusal('flashinfer', one.request);
      expect(error === undefined).toBe(equal);
      if (error === undefined) {
        expectSame(flashInfer(write('flashinfer', one.request).files[0]), one);
        return;
      }
      refused++;
      const { query, key } = error.pair!;
      const row = query - one.request.shape.offset;
      const said = Array.from({ length: heads }, (_, head) => allows(head, row, key));
      expect(new Set(said).size).toBe(2);
    });
    expect(refused).toBeGreaterThan(0);
  });

  it('flashmask: masks of its class, in the shortest form', () => {
    const widths = new Set<string>();
    let refused = 0;
    check(one => {
      const { queries, tokens: n } = one.request.shape;
      const groups = one.request.heads === undefined ? 1 : one.request.kvHeads!;
      const groupOf = (head: number): number => Math.floor((head * groups) / one.heads);
      const runs = (head: number, j: number, from: number, to: number): number => {
        let count = 0;
        for (let i = from; i < to; i++)
          if (!one.allows(head, i, j) && (i === from || one.allows(head, i - 1, j))) count++;
        return count;
      };
      const keys = Array.from({ length: n }, (_, j) => j);
      const heads = Array.from({ length: one.heads }, (_, head) => head);
      const holds =
        queries === n &&
        heads.every(head => keys.every(j => runs(head, j, 0, j) <= 1 && runs(head, j, j, n) <= 1)) &&
        every(one, (head, i, j) => {
          const first = heads.find(other => groupOf(other) === groupOf(head))!;
          return one.allows(head, i, j) === one.allows(first, i, j);
        });
      const error = refusal('flashmask', one.request);
      expect(error === undefined).toBe(holds);
      if (error !== undefined) {
        refused++;
        return;
      }
      const read = flashMask(write('flashmask', one.request).files[0]);
      expect(read.kvHeads).toBe(groups);
      expectSame(read.allows, one, groupOf);
      expect(read.causal).toBe(every(one, (head, i, j) => j <= i || !one.allows(head, i, j)));
      widths.add(`${read.causal} ${read.width}`);
    });
    expect(refused).toBeGreaterThan(10);
    expect([...widths].sort()).toEqual(['false 2', 'false 4', 'true 1', 'true 2']);
  });

  it('mit-block-sparse: whole blocks of 128, which may be cut to the past; else rounded up when asked', () => {
    const seen = { causal: new Set<boolean>(), refused: 0 };
    check(one => {
      const { queries, tokens, offset } = one.request.shape;
      const past = (i: number, j: number): boolean => j <= offset + i;
      const atEnd = offset + queries === tokens;
      const holds = isWhole(one, 128, () => true) || (atEnd && isWhole(one, 128, past));
      expect(refusal('mit-block-sparse', one.request) === undefined).toBe(holds);
      const { files, addedPairs } = write('mit-block-sparse', { ...one.request, approximate: true });
      const { allows, causal } = mitBlockSparse(files[0]);
      seen.causal.add(causal);
      if (holds) expectSame(allows, one);
      else seen.refused++;
      expectRounded(one, allows, addedPairs);
    });
    expect(seen.causal.size).toBe(2);
    expect(seen.refused).toBeGreaterThan(10);
  });

  it('sparge: whole blocks of 128 x 64; else rounded up when asked', () => {
    const seen = new Set<boolean>();
    check(one => {
      const holds = isWhole(one, 128, () => true, 64);
      seen.add(holds);
      expect(refusal('sparge', one.request) === undefined).toBe(holds);
      const { files, addedPairs } = write('sparge', { ...one.request, approximate: true });
      if (holds) expectSame(sparge(files[0]), one);
      expectRounded(one, sparge(files[0]), addedPairs);
    });
    expect(seen.size).toBe(2);
  });

  it('flashinfer-vsa: whole blocks of 128, or of 64 with a key for each query, that groups share', () => {
    const seen = new Set<string>();
    check(one => {
      const { queries, tokens } = one.request.shape;
      const isMultiple = (size: number): boolean => queries % size === 0 && tokens % size === 0;
      const shared =
        one.request.kvHeads !== 1 || every(one, (head, i, j) => one.allows(head, i, j) === one.allows(0, i, j));
      const size = [128, 64].find(each => isMultiple(each) && isWhole(one, each, () => true));
      const hasKeys = (head: number, from: number): boolean => {
        for (let i = from; i < from + 64; i++) for (let j = 0; j < tokens; j++) if (one.allows(head, i, j)) return true;
        return false;
      };
      const noEmptyBlock = isMultiple(64) && every(one, (head, i, j) => i % 64 !== 0 || j !== 0 || hasKeys(head, i));
      const holds = shared && (size === 128 || (size === 64 && noEmptyBlock));
      expect(refusal('flashinfer-vsa', one.request) === undefined).toBe(holds);
      const rounded = { ...one.request, approximate: true };
      if (!holds && !(shared && noEmptyBlock)) {
        expect(refusal('flashinfer-vsa', rounded)).toBeInstanceOf(ExportFitError);
        return;
      }
      const { files, addedPairs } = write('flashinfer-vsa', rounded);
      const read = flashInferVsa(files[0]);
      expect(read.size).toBe(size ?? 64);
      if (holds) expectSame(read.allows, one);
      expectRounded(one, read.allows, addedPairs);
      seen.add(`${holds} ${read.size}`);
    });
    expect([...seen].sort()).toEqual(['false 64', 'true 128', 'true 64']);
  });

  it('triton-layout: whole blocks, the largest that do; else rounded up when asked', () => {
    const seen = { sizes: new Set<number>(), refused: 0 };
    check(one => {
      const { queries, tokens } = one.request.shape;
      const fits = (size: number): boolean =>
        queries % size === 0 && tokens % size === 0 && isWhole(one, size, () => true);
      const size = [128, 64, 32, 16].find(fits);
      expect(refusal('triton-layout', one.request) === undefined).toBe(size !== undefined);
      if (queries % 16 !== 0 || tokens % 16 !== 0) {
        expect(refusal('triton-layout', { ...one.request, approximate: true })).toBeInstanceOf(ExportFitError);
        return;
      }
      const { files, addedPairs } = write('triton-layout', { ...one.request, approximate: true });
      const { allows, block } = blockLayout(files[0]);
      expect(block).toBe(size ?? 16);
      if (size === undefined) seen.refused++;
      else {
        seen.sizes.add(size);
        expectSame(allows, one);
      }
      expectRounded(one, allows, addedPairs);
    });
    expect(seen.sizes.size).toBeGreaterThan(2);
    expect(seen.refused).toBeGreaterThan(10);
  });

  /** Nothing is lost, and what is added is counted. */
  function expectRounded({ request: { shape }, heads, allows }: Case, found: Allows, addedPairs: number): void {
    let added = 0;
    for (let head = 0; head < heads; head++)
      for (let i = 0; i < shape.queries; i++)
        for (let j = 0; j < shape.tokens; j++) {
          if (allows(head, i, j) && !found(head, i, j)) throw new Error(`head ${head}: (${i}, ${j}) is lost`);
          if (!allows(head, i, j) && found(head, i, j)) added++;
        }
    expect(addedPairs).toBe(added);
  }

  it('says why not, shows a pair, and names formats that hold the mask', () => {
    const request = {
      name: 'm',
      source: undefined,
      pattern: primitive('sliding', { size: 40 }),
      shape: squareShape(256),
    };
    const error = refusal('triton-layout', request);
    expect(error?.message).toMatch(/^triton-layout cannot hold this mask exactly: it holds whole blocks of 16 x 16/);
    expect(error?.message).toMatch(/\(query 0, key 1\)\. Rounded up to whole blocks \(--approximate; .*\) it can\. /);
    expect(error?.message).toMatch(/These formats can: npy, .*flex, .*flashinfer, flashmask, .*onnx, .*c\.$/);
    const heads = [request, { ...request, pattern: primitive('causal') }];
    const both = { ...request, heads };
    expect(refusal('flashinfer', both)?.message).toMatch(/heads 0 and 1 differ \(query 40, key 0\)/);
    expect(refusal('flashmask', { ...both, kvHeads: 1 })?.message).toMatch(
      /heads 0 and 1 share keys.*\(query 40, key 0\)/,
    );
    expect(refusal('flashmask', { ...both, kvHeads: 2 })).toBeUndefined();
    for (const { id, heads: held } of formats)
      if (held === 'one')
        expect(refusal(id, both)?.message, id).toMatch(/one head, not of all.*npy, npz-dense, bits, flex/);
  });
});

describe('what is refused', () => {
  it('shows a pair that the format would get wrong, and names formats that hold the mask', () => {
    const without = new Set<string>();
    check(({ request, heads, allows }) => {
      const { offset } = request.shape;
      for (const format of formats) {
        const misfit = format.misfit(request);
        if (misfit === undefined || format.isReport === true) continue;
        if (misfit.pair === undefined) {
          without.add(`${format.id}: ${misfit.reason.replace(/\d+/g, 'N')}`);
          continue;
        }
        const { query, key } = misfit.pair;
        const said = Array.from({ length: heads }, (_, head) => allows(head, query - offset, key));
        // Of whole blocks a pair is missing; where heads must be alike they say different things of it.
        if (misfit.roundable) expect(said, format.id).toContain(false);
        if (/heads \d+ and \d+/.test(misfit.reason)) expect(new Set(said).size, format.id).toBe(2);
      }
      const error = refusal('csr', { ...request, heads: request.heads ?? [request] });
      expect(error?.message).toMatch(/These formats can: npy, npz-dense, bits, flex, fa4, .*splash, .*onnx/);
    });
    // Where there is no pair, lengths, heads or the kind of the mask are at fault.
    for (const reason of without)
      expect(reason).toMatch(
        /as many queries|multiple|one head|alone|aligned|needs a key|same for all|does not see itself/,
      );
  });
});

describe('pictures and reports', () => {
  const small = squareShape(8);
  const request: ExportRequest = {
    name: 'a<b>&"c"',
    source: 'pattern p = sliding(3) // ``` & <x>',
    pattern: or(primitive('sliding', { size: 3 }), positions('columns', 0)),
    shape: small,
  };

  it('png: each cell of a small mask is white or coloured as its pair says', () => {
    const { width, height, at } = pngPixels(write('png', request).files[0].bytes);
    expect([width, height]).toEqual([1024, 1024]);
    for (let i = 0; i < 8; i++)
      for (let j = 0; j < 8; j++) {
        const isWhite = at(128 * j + 64, 128 * i + 64).join() === '255,255,255,255';
        expect(isWhite, `(${i}, ${j})`).toBe(!defined(request.pattern, small, i, j));
      }
  });

  it('png: large masks have 1,024 pixels, decoding steps few rows', () => {
    const shape = { ...squareShape(5000), queries: 10, offset: 4990 };
    const { width, height } = pngPixels(write('png', { ...request, shape }).files[0].bytes);
    expect([width, height]).toEqual([1024, 2]);
  });

  it('svg: the same picture, with names that stay text', () => {
    const text = textOf(write('svg', request).files[0]);
    // Cells of 128 pixels: the rectangles are the pairs.
    const lit = new Set<string>();
    for (const [, x, y, w, h] of text.matchAll(/M(\d+) (\d+)h(\d+)v(\d+)h-\3z/g))
      for (let i = Number(y); i < Number(y) + Number(h); i++)
        for (let j = Number(x); j < Number(x) + Number(w); j++) lit.add(`${i},${j}`);
    for (let i = 0; i < 8; i++)
      for (let j = 0; j < 8; j++) expect(lit.has(`${i},${j}`)).toBe(defined(request.pattern, small, i, j));
    expect(text).toContain('transform="scale(128)"');
    expect(text).toContain('<title>a&lt;b&gt;&amp;&quot;c&quot;: 8 queries, 8 keys</title>');
    expect(
      text
        .match(/<text[^>]*>([^<]*)<\/text>/g)!
        .slice(1)
        .map(each => each.replace(/<[^>]*>/g, '')),
    ).toEqual(['sliding(3)', 'columns([0])']);
  });

  it('md: the pattern, its numbers and its picture', () => {
    const text = textOf(write('md', request).files[0]);
    const { pairs, density } = statistics(request.pattern, small);
    expect(text).toMatch(/^# a\\<b\\>&"c"$/m);
    expect(text).toContain('````sparse\npattern p = sliding(3) // ``` & <x>\n````');
    expect(text).toContain(`| allowed pairs | ${pairs} |`);
    expect(text).toContain(`| density | ${Number((100 * density).toPrecision(6))} % |`);
    expect(text).toContain('data:image/png;base64,');
    expect(text).toContain('- `columns([0])`: rgb(');
  });
});
