import { GpuError } from './gpu-error.ts';
import type { MatrixSize } from './wgsl/tensor.ts';

/** Matrix units are behind a name of Chromium's until the specification has one. */
const MATRIX_FEATURE = 'chromium-experimental-subgroup-matrix';

interface MatrixConfig extends MatrixSize {
  readonly componentType: string;
  readonly resultComponentType: string;
}

/** What kernels may use. */
export interface Capability {
  /** Bytes of workgroup memory, and invocations of a workgroup. */
  readonly workgroupBytes: number;
  readonly threads: number;
  /** Products of float16 matrices into float32 ones that the matrix units can do; empty where there are none. */
  readonly matrices: readonly MatrixSize[];
  /** Invocations of a subgroup; 0 where that is not known. */
  readonly subgroupSize: number;
  readonly sizeControl: boolean;
  /** Does software imitate a graphics card? */
  readonly imitated: boolean;
}

/** A device, its name for people, and what went wrong with it so far. */
export interface Device {
  readonly device: GPUDevice;
  readonly name: string;
  /** Does software imitate a graphics card? */
  readonly imitated: boolean;
  /** Can dispatches be timed on the device? */
  readonly timestamps: boolean;
  readonly capability: Capability;
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
  const { features, limits, info } = adapter;
  const optional = ['timestamp-query', 'shader-f16', 'subgroups', 'subgroup-size-control', MATRIX_FEATURE] as const;
  const available = optional.filter(feature => features.has(feature));
  const device = await adapter.requestDevice({
    label: 'sparse attention',
    requiredFeatures: available as GPUFeatureName[],
    requiredLimits: {
      maxStorageBufferBindingSize: limits.maxStorageBufferBindingSize,
      maxBufferSize: limits.maxBufferSize,
      maxComputeWorkgroupStorageSize: limits.maxComputeWorkgroupStorageSize,
      maxComputeInvocationsPerWorkgroup: limits.maxComputeInvocationsPerWorkgroup,
      maxComputeWorkgroupSizeX: limits.maxComputeWorkgroupSizeX,
    },
  });
  const timestamps = device.features.has('timestamp-query');
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
  const hasMatrices = optional.every(
    feature => feature === 'timestamp-query' || feature === 'subgroup-size-control' || device.features.has(feature),
  );
  const capability: Capability = {
    workgroupBytes: device.limits.maxComputeWorkgroupStorageSize,
    threads: Math.min(device.limits.maxComputeInvocationsPerWorkgroup, device.limits.maxComputeWorkgroupSizeX),
    matrices: hasMatrices ? matricesOf(info) : [],
    subgroupSize: info.subgroupMaxSize ?? 0,
    sizeControl: device.features.has('subgroup-size-control'),
    imitated,
  };
  const name = adapterName(info, imitated);
  return { device, name, imitated, timestamps, capability, failure, lost: () => lost };
}

/** The matrix units' sizes for float16 in and float32 out, largest first. */
function matricesOf(info: GPUAdapterInfo): MatrixSize[] {
  const { subgroupMatrixConfigs } = info as GPUAdapterInfo & { subgroupMatrixConfigs?: readonly MatrixConfig[] };
  return [...(subgroupMatrixConfigs ?? [])]
    .filter(({ componentType, resultComponentType }) => componentType === 'f16' && resultComponentType === 'f32')
    .map(({ M, N, K }) => ({ M, N, K }))
    .sort((a, b) => b.M * b.N * b.K - a.M * a.N * a.K);
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
