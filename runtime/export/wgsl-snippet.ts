/**
 * JavaScript that runs an exported kernel: a function of a GPUDevice, a function that reads a file of a name as ArrayBuffer,
 * and q, k, v as Float32Array [heads, length, head dimension]; it returns o. `file` is the name without ending.
 */
export function wgslSnippet(file: string): string {
  return `async function attention(device, read, q, k, v, scale) {
  const code = new TextDecoder().decode(await read(${JSON.stringify(`${file}.wgsl`)}));
  const size = Object.fromEntries([...code.matchAll(/ ([A-Z_]+) (\\d+)/g)].map(([, name, value]) => [name, Number(value)]));
  const { HEADS, KV_HEADS, QUERIES, KEYS, HEAD_DIM, DIM } = size;
  const [, x, y] = /dispatchWorkgroups\\((\\d+), (\\d+)\\)/.exec(code).map(Number);
  const file = await read(${JSON.stringify(`${file}.safetensors`)});
  const start = 8 + Number(new DataView(file).getBigUint64(0, true));
  const header = JSON.parse(new TextDecoder().decode(new Uint8Array(file, 8, start - 8)));
  const stored = name => new Uint8Array(file).slice(...header[name].data_offsets.map(offset => start + offset));
  const rows = length => Math.ceil(length / 64) * 64;
  const pack = (tensor, heads, length, place, factor = 1) => {
    const out = new Float32Array(heads * rows(length) * DIM);
    for (let head = 0; head < heads; head++)
      for (let row = 0; row < length; row++)
        for (let d = 0; d < HEAD_DIM; d++)
          out[place(head * rows(length) + row, d)] = factor * tensor[(head * length + row) * HEAD_DIM + d];
    return out;
  };
  const columns = (row, d) => (Math.floor(row / 64) * DIM + d) * 64 + (row % 64);
  const width = 4 * Math.ceil(HEAD_DIM / 4);
  const contents = [
    stored('params'),
    pack(q, HEADS, QUERIES, columns, (scale ?? HEAD_DIM ** -0.5) * Math.LOG2E),
    pack(k, KV_HEADS, KEYS, columns),
    pack(v, KV_HEADS, KEYS, (row, d) => row * DIM + d),
    ...['items', 'plan', 'masks'].map(stored),
    new Float32Array(HEADS * QUERIES * width),
    new Float32Array(HEADS * QUERIES * 2),
  ];
  const buffers = contents.map((content, binding) => {
    const usage = (binding === 0 ? GPUBufferUsage.UNIFORM : GPUBufferUsage.STORAGE) | GPUBufferUsage.COPY_DST | GPUBufferUsage.COPY_SRC;
    const buffer = device.createBuffer({ size: content.byteLength, usage });
    device.queue.writeBuffer(buffer, 0, content);
    return buffer;
  });
  const module = device.createShaderModule({ code });
  const pipeline = await device.createComputePipelineAsync({ layout: 'auto', compute: { module, entryPoint: 'main' } });
  const entries = buffers.map((buffer, binding) => ({ binding, resource: { buffer } }));
  const encoder = device.createCommandEncoder();
  const pass = encoder.beginComputePass();
  pass.setPipeline(pipeline);
  pass.setBindGroup(0, device.createBindGroup({ layout: pipeline.getBindGroupLayout(0), entries }));
  pass.dispatchWorkgroups(x, y);
  pass.end();
  const result = device.createBuffer({ size: buffers[7].size, usage: GPUBufferUsage.COPY_DST | GPUBufferUsage.MAP_READ });
  encoder.copyBufferToBuffer(buffers[7], 0, result, 0, result.size);
  device.queue.submit([encoder.finish()]);
  await result.mapAsync(GPUMapMode.READ);
  const wide = new Float32Array(result.getMappedRange());
  const o = new Float32Array(HEADS * QUERIES * HEAD_DIM);
  for (let row = 0; row < HEADS * QUERIES; row++)
    o.set(wide.subarray(row * width, row * width + HEAD_DIM), row * HEAD_DIM);
  return o;
}
`;
}
