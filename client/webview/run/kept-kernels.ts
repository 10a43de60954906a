const PREFIX = 'sparse-attention kernel ';

/** Which kernels are fastest on this device, as the page's browser keeps them. Where it keeps nothing, they are tried again. */
export function keptKernels(): Record<string, string> {
  const known: Record<string, string> = {};
  try {
    for (let index = 0; index < localStorage.length; index++) {
      const key = localStorage.key(index);
      if (key?.startsWith(PREFIX)) known[key.slice(PREFIX.length)] = localStorage.getItem(key) ?? '';
    }
  } catch {
    // Forbidden: trials take a second.
  }
  return known;
}

export function keepKernel(key: string, kernel: string): void {
  try {
    localStorage.setItem(PREFIX + key, kernel);
  } catch {
    // Full or forbidden.
  }
}
