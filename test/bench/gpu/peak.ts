import type { Device } from '../../../runtime/attention/gpu/device.ts';
import { DispatchTimer } from '../../../runtime/attention/gpu/timer.ts';
import { BufferUsage } from '../../../runtime/attention/gpu/usage.ts';
import type { MatrixSize } from '../../../runtime/attention/gpu/wgsl/tensor.ts';

/** Arithmetic alone, in registers: what the device can do at most. TFLOP/s; null where it has no such units. */
export interface Peaks {
  readonly f32: number | null;
  readonly tensor: number | null;
}

const LOOPS = 512;
const CHAINS = 8;

/** Measures the rate of float32 multiply-adds and of the matrix units. */
export async function measurePeaks(opened: Device, workgroups: number): Promise<Peaks> {
  const { matrices, subgroupSize } = opened.capability;
  const [matrix] = matrices;
  const threads = 256;
  const f32 = await rate(opened, fmaShader(threads), workgroups, workgroups * threads * LOOPS * CHAINS * 4 * 2);
  const perSubgroup = (size: MatrixSize): number => LOOPS * CHAINS * size.M * size.N * size.K * 2;
  const tensor =
    matrix === undefined
      ? null
      : await rate(
          opened,
          matrixShader(matrix, threads),
          workgroups,
          ((workgroups * threads) / subgroupSize) * perSubgroup(matrix),
        );
  return { f32, tensor };
}

function fmaShader(threads: number): string {
  const chains = Array.from({ length: CHAINS }, (_, i) => i);
  return `
@group(0) @binding(0) var<storage, read_write> result: array<vec4<f32>>;
@compute @workgroup_size(${threads})
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let a = vec4<f32>(1.0001, 0.9999, 1.0002, 0.9998);
${chains.map(i => `  var x${i} = vec4<f32>(f32(id.x) + ${i}.0);`).join('\n')}
  for (var i = 0u; i < ${LOOPS}u; i++) {
${chains.map(i => `    x${i} = fma(x${i}, a, a);`).join('\n')}
  }
  result[id.x % 1024u] = ${chains.map(i => `x${i}`).join(' + ')};
}`;
}

function matrixShader({ M, N, K }: MatrixSize, threads: number): string {
  const chains = Array.from({ length: CHAINS }, (_, i) => i);
  return `enable f16;
enable subgroups;
enable chromium_experimental_subgroup_matrix;
@group(0) @binding(0) var<storage, read_write> result: array<f32>;
@compute @workgroup_size(${threads})
fn main() {
  let a = subgroup_matrix_left<f16, ${K}, ${M}>(1.0h);
  let b = subgroup_matrix_right<f16, ${N}, ${K}>(0.001h);
${chains.map(i => `  var x${i} = subgroup_matrix_result<f32, ${N}, ${M}>(${i}.0);`).join('\n')}
  for (var i = 0u; i < ${LOOPS}u; i++) {
${chains.map(i => `    x${i} = subgroupMatrixMultiplyAccumulate(a, b, x${i});`).join('\n')}
  }
${chains.map(i => `  subgroupMatrixStore<row_major>(&result, ${i * M * N}u, x${i}, ${N}u);`).join('\n')}
}`;
}

/** TFLOP/s of the fastest of some dispatches that follow each other; null without timestamps. */
async function rate(opened: Device, code: string, workgroups: number, operations: number): Promise<number | null> {
  const { device, timestamps } = opened;
  const module = device.createShaderModule({ code });
  const pipeline = await device.createComputePipelineAsync({ layout: 'auto', compute: { module, entryPoint: 'main' } });
  const buffer = device.createBuffer({ size: 65536, usage: BufferUsage.STORAGE });
  const group = device.createBindGroup({
    layout: pipeline.getBindGroupLayout(0),
    entries: [{ binding: 0, resource: { buffer } }],
  });
  let best = 0;
  for (let round = 0; round < 3; round++) {
    const timer = new DispatchTimer(device, timestamps);
    for (let run = 0; run < 10; run++) {
      const encoder = device.createCommandEncoder();
      const compute = encoder.beginComputePass(timer.writes());
      compute.setPipeline(pipeline);
      compute.setBindGroup(0, group);
      compute.dispatchWorkgroups(workgroups);
      compute.end();
      timer.resolve(encoder, 'attend');
      device.queue.submit([encoder.finish()]);
    }
    for (const { ms } of await timer.each()) if (ms > 0) best = Math.max(best, operations / ms / 1e9);
    timer.dispose();
  }
  buffer.destroy();
  return best === 0 ? null : best;
}
