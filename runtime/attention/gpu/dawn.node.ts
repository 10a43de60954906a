import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/** What the npm package `webgpu` exports. */
interface DawnModule {
  create(flags: string[]): GPU;
}

/** Dawn is torn down when the object made by create() is collected, and later calls then hang or abort. */
const alive = globalThis as typeof globalThis & { sparseAttentionDawn?: GPU[] };

const flags = [
  // Plans are checked before a kernel reads them, so that indices need not be clamped once more: that costs a tenth.
  'enable-dawn-features=allow_unsafe_apis,use_vulkan_memory_model,vulkan_enable_f16_on_nvidia,disable_robustness',
  // Otherwise times come in steps of 65 microseconds.
  'disable-dawn-features=timestamp_quantization',
];

/**
 * WebGPU in Node, by Dawn (npm `webgpu`). Without a graphics card it uses the software device that comes with
 * Chromium, if it finds one; `SPARSE_VULKAN_ICD` may name its .json file, and an own VK_ICD_FILENAMES is respected.
 *
 * @param load gives the module of `webgpu`; default: the package that is installed beside this program
 * @returns the GPU object, or why there is none and what to do about it
 */
export async function openDawn(
  load: () => Promise<unknown> = () => import('webgpu'),
): Promise<{ readonly gpu: GPU } | { readonly reason: string }> {
  let dawn: DawnModule;
  try {
    // Loaded when needed: it is a native library, which is missing on some platforms.
    dawn = (await load()) as DawnModule;
  } catch (error) {
    const message = error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error);
    return { reason: `WebGPU for Node could not be loaded (${message}). Install the npm package "webgpu".` };
  }
  const failed: string[] = [];
  const attempt = async (): Promise<GPU | undefined> => {
    try {
      const gpu = dawn.create(flags);
      alive.sparseAttentionDawn = [...(alive.sparseAttentionDawn ?? []), gpu];
      return (await gpu.requestAdapter()) === null ? undefined : gpu;
    } catch (error) {
      failed.push(error instanceof Error ? error.message : String(error));
      return undefined;
    }
  };
  const gpu = await quietly(async () =>
    mayHaveCard() ? ((await attempt()) ?? (await withSoftwareDevice(attempt))) : await withSoftwareDevice(attempt),
  );
  if (gpu !== undefined) return { gpu };
  const because = failed.length > 0 ? ` (${failed.join('; ')})` : '';
  return {
    reason:
      `No graphics adapter was found${because}. On Linux this needs a Vulkan driver and its loader (Debian: libvulkan1); ` +
      'the chromium package brings a software device.',
  };
}

/**
 * Could there be a graphics card? Where Linux shows no device of one, asking the installed drivers only brings
 * complaints of Mesa's software renderer, which Dawn refuses.
 */
function mayHaveCard(): boolean {
  if (process.platform !== 'linux') return true;
  const { env } = process;
  if (env.VK_ICD_FILENAMES !== undefined || env.VK_DRIVER_FILES !== undefined) return true;
  return ['/dev/dri', '/dev/nvidiactl', '/dev/dxg', '/dev/kgsl-3d0', '/dev/mali0'].some(path => existsSync(path));
}

/** Some Vulkan drivers complain on stderr when there is no desktop session, although nothing needs one here. */
async function quietly<T>(action: () => Promise<T>): Promise<T> {
  const { env } = process;
  if (process.platform !== 'linux' || env.XDG_RUNTIME_DIR !== undefined) return action();
  env.XDG_RUNTIME_DIR = tmpdir();
  try {
    return await action();
  } finally {
    delete env.XDG_RUNTIME_DIR;
  }
}

/** Lets the Vulkan loader see Chromium's software device while `attempt` runs. */
async function withSoftwareDevice(attempt: () => Promise<GPU | undefined>): Promise<GPU | undefined> {
  const { env } = process;
  if (env.VK_ICD_FILENAMES !== undefined || env.VK_DRIVER_FILES !== undefined) return undefined;
  const file = [
    env.SPARSE_VULKAN_ICD,
    ...[
      env.CHROMIUM_PATH,
      '/usr/lib/chromium/chromium',
      '/usr/lib/chromium-browser/chromium',
      '/opt/google/chrome/chrome',
    ]
      .filter(path => path !== undefined)
      .map(path => join(dirname(path), 'vk_swiftshader_icd.json')),
  ].find(path => path !== undefined && existsSync(path));
  if (file === undefined) return undefined;
  env.VK_ICD_FILENAMES = file;
  try {
    return await attempt();
  } finally {
    // Programs that this process starts should see the machine's own drivers.
    delete env.VK_ICD_FILENAMES;
  }
}
