import asc from 'assemblyscript/asc';

/**
 * Multiply-adds of four lanes that touch registers alone. `chains` keeps twelve sums, each its own factor's; `products`
 * is shaped like the inner loop of a matrix product, eight sums of two by four vectors, one of which changes. What is
 * limited by latency in one of them may not be in the other, so the faster one is the peak.
 */
const source = `
@inline function madd(a: v128, b: v128, c: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return f32x4.relaxed_madd(a, b, c);
  return f32x4.add(f32x4.mul(a, b), c);
}
@inline function sum(v: v128): f32 {
  return f32x4.extract_lane(v, 0) + f32x4.extract_lane(v, 1) + f32x4.extract_lane(v, 2) + f32x4.extract_lane(v, 3);
}
export function chains(rounds: i32, factor: f32, term: f32): f32 {
  const a = f32x4.splat(factor);
  const b = f32x4.splat(term);
${lines(12, i => `  let c${i} = f32x4.splat(${i});`)}
  for (let i = 0; i < rounds; i++) {
${lines(12, i => `    c${i} = madd(c${i}, a, b);`)}
  }
  return ${list(12, i => `sum(c${i})`).join(' + ')};
}
export function products(rounds: i32, factor: f32, term: f32): f32 {
  const step = i32x4.splat(1);
  let a0 = f32x4.splat(factor);
  let a1 = f32x4.splat(-factor);
${lines(4, i => `  const b${i} = f32x4.splat(term + ${i});`)}
${lines(8, i => `  let c${i} = f32x4.splat(0);`)}
  for (let i = 0; i < rounds; i++) {
${lines(8, i => `    c${i} = madd(a${i >> 2}, b${i & 3}, c${i});`)}
    a0 = i32x4.add(a0, step);
    a1 = i32x4.add(a1, step);
  }
  return ${list(8, i => `sum(c${i})`).join(' + ')};
}
`;

/** Rounds of `chains` and `products` that take some milliseconds, and the floating point operations of one round. */
export const PEAK_ROUNDS = 100_000;
export const PEAK_FLOPS = { chains: 12 * 8, products: 8 * 8 };

/** The module with plain or relaxed SIMD, base64. */
export async function peakModule(relaxed) {
  let binary;
  const { error, stderr } = await asc.main(
    [
      ...['peak.ts', '--enable', relaxed ? 'simd,relaxed-simd' : 'simd', '--runtime', 'stub', '--noExportRuntime'],
      ...['-O3', '--noAssert', '--outFile', 'peak.wasm'],
    ],
    {
      readFile: name => (name === 'peak.ts' ? source : null),
      writeFile: (name, contents) => {
        if (name === 'peak.wasm') binary = contents;
      },
      listFiles: () => [],
    },
  );
  if (error) throw new Error(`the peak loop does not compile: ${stderr.toString()}`);
  return Buffer.from(binary).toString('base64');
}

function list(count, of) {
  return Array.from({ length: count }, (_, i) => of(i));
}

function lines(count, of) {
  return list(count, of).join('\n');
}
