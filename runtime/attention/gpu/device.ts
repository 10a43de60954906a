import { GpuError } from './gpu-error.ts';

/** A device, its name for people, and what went wrong with it so far. */
export interface Device {
  readonly device: GPUDevice;
  readonly name: string;
  /** Does software imitate a graphics card? */
  readonly imitated: boolean;
  /** Can dispatches be timed on the device? */
  readonly timestamps: boolean;
  /** Rejects with a GpuError when the device is lost or reports an error; settles in no other way. */
  readonly failure: Promise<never>;
  readonly lost: () => boolean;
}

/**
 * Asks for the fastest adapter, with its own limits on buffer sizes and timestamps where it has them.
 *
 * @throws GpuError when there is no adapter
 */
export async function openDevice(gpu: GPU): Promise<Device> {
  const adapter = await gpu.requestAdapter({ powerPreference: 'high-performance' });
  if (adapter === null) throw new GpuError('no-adapter', 'No graphics adapter is available to WebGPU.');
  const timestamps = adapter.features.has('timestamp-query');
  const device = await adapter.requestDevice({
    label: 'sparse attention',
    requiredFeatures: timestamps ? ['timestamp-query'] : [],
    requiredLimits: {
      maxStorageBufferBindingSize: adapter.limits.maxStorageBufferBindingSize,
      maxBufferSize: adapter.limits.maxBufferSize,
    },
  });
  let lost = false;
  const failure = new Promise<never>((_, reject) => {
    void device.lost.then(({ reason, message }) => {
      lost = true;
      const detail = message === '' ? '' : ` (${firstLine(message)})`;
      reject(
        new GpuError('lost', `The graphics device was lost${reason === 'destroyed' ? ': it was destroyed' : detail}.`),
      );
    });
    device.addEventListener('uncapturederror', event => {
      event.preventDefault();
      reject(new GpuError('device', `The graphics device reported an error: ${firstLine(event.error.message)}`));
      // Whatever is computed on it from now on is not to be trusted. Not at once: destroying a device while it
      // reports an error hangs in Dawn.
      setTimeout(() => device.destroy(), 0);
    });
  });
  failure.catch(() => {});
  const imitated = isImitated(adapter.info);
  return { device, name: adapterName(adapter.info, imitated), imitated, timestamps, failure, lost: () => lost };
}

/** Is the adapter a software rasteriser? Not every one says so of itself. */
function isImitated({ isFallbackAdapter, vendor, architecture, device, description }: GPUAdapterInfo): boolean {
  const names = `${vendor} ${architecture} ${device} ${description}`;
  return isFallbackAdapter === true || /swiftshader|llvmpipe|lavapipe|basic render|warp/i.test(names);
}

/** `NVIDIA H200`, `SwiftShader (software)`, `intel gen-12lp`. */
function adapterName({ vendor, architecture, device, description }: GPUAdapterInfo, imitated: boolean): string {
  const given = description !== '' ? description : device;
  const known = given !== '' ? given : [vendor, architecture].filter(part => part !== '').join(' ');
  const name = known !== '' ? known : 'unnamed adapter';
  return imitated ? `${/swiftshader/i.test(`${architecture} ${name}`) ? 'SwiftShader' : name} (software)` : name;
}

export function firstLine(text: string): string {
  return text.split('\n', 1)[0] ?? '';
}
