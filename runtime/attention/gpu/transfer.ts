import type { Device } from './device.ts';
import { BufferUsage, MAP_READ } from './usage.ts';

/** Bytes that are copied to or from the device at a time. */
const COPY_BYTES = 64 * 2 ** 20;

/** Writes numbers into a buffer, from its number `at` on. */
export function upload(device: GPUDevice, buffer: GPUBuffer, data: Uint32Array | Float32Array, at = 0): void {
  const step = COPY_BYTES / 4;
  for (let from = 0; from < data.length; from += step) {
    const part = data.subarray(from, from + step);
    device.queue.writeBuffer(buffer, (at + from) * 4, part as Uint32Array<ArrayBuffer>);
  }
}

/** Downloads [rows][padded] as [rows][width]. */
export async function downloadRows(
  { device, failure }: Device,
  buffer: GPUBuffer,
  data: Float32Array,
  width: number,
  padded: number,
): Promise<void> {
  const rows = data.length / width;
  const step = Math.min(rows, Math.max(1, Math.floor(COPY_BYTES / 4 / padded)));
  const staging = device.createBuffer({
    label: 'staging',
    size: step * padded * 4,
    usage: BufferUsage.MAP_READ | BufferUsage.COPY_DST,
  });
  try {
    for (let from = 0; from < rows; from += step) {
      const count = Math.min(step, rows - from);
      const bytes = count * padded * 4;
      const encoder = device.createCommandEncoder();
      encoder.copyBufferToBuffer(buffer, from * padded * 4, staging, 0, bytes);
      device.queue.submit([encoder.finish()]);
      await Promise.race([staging.mapAsync(MAP_READ, 0, bytes), failure]);
      const part = new Float32Array(staging.getMappedRange(0, bytes));
      if (width === padded) data.set(part, from * width);
      else {
        for (let row = 0; row < count; row++) {
          data.set(part.subarray(row * padded, row * padded + width), (from + row) * width);
        }
      }
      staging.unmap();
    }
  } finally {
    staging.destroy();
  }
}
