/** A device that is lost as soon as it is opened. */
export function losing(from: GPU): GPU {
  const requestAdapter = async (options?: GPURequestAdapterOptions): Promise<GPUAdapter | null> => {
    const adapter = await from.requestAdapter(options);
    return (
      adapter &&
      new Proxy(adapter, {
        get(of, name) {
          if (name !== 'requestDevice') return Reflect.get(of, name) as unknown;
          return async (descriptor?: GPUDeviceDescriptor) => {
            const device = await of.requestDevice(descriptor);
            device.destroy();
            return device;
          };
        },
      })
    );
  };
  return { requestAdapter } as unknown as GPU;
}
