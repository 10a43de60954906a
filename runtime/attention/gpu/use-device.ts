import { type Device, openDevice } from './device.ts';

/** WebGPU, or why there is none. */
export type OpenGpu = () => Promise<{ readonly gpu: GPU } | { readonly reason: string }>;

/** A device that is used for one kind of work. */
export interface UsedDevice<T> {
  /**
   * What was made for the device, which is opened with the first call; undefined where there is none to be used.
   *
   * @throws what `make` threw, or whatever kept the device from being opened; also at later calls
   */
  opened(): Promise<T | undefined>;
  /** Gives the device back. */
  dispose(): void;
}

/**
 * Opens a device when it is first asked for, and once.
 *
 * @param always use the device even if software imitates it, and tell `missing` where there is none
 * @param make whatever is needed on the device: shaders, a check of what they compute
 */
export function useDevice<T>(
  open: OpenGpu,
  { always, missing }: { readonly always: boolean; readonly missing: (reason: string) => void },
  make: (device: Device) => Promise<T>,
): UsedDevice<T> {
  let opening: Promise<{ readonly device: Device; readonly made: T } | undefined> | undefined;

  async function start() {
    const found = await open();
    if ('reason' in found) {
      if (always) missing(found.reason);
      return undefined;
    }
    const device = await openDevice(found.gpu);
    try {
      if (!device.imitated || always) return { device, made: await make(device) };
    } catch (error) {
      device.device.destroy();
      throw error;
    }
    device.device.destroy();
    return undefined;
  }

  return {
    async opened() {
      opening ??= start();
      return (await opening)?.made;
    },
    dispose() {
      void opening?.then(
        used => used?.device.device.destroy(),
        () => {},
      );
    },
  };
}
