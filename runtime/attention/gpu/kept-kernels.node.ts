import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import type { KernelMemory } from './kernels.ts';

/**
 * Which kernels are fastest on the devices of this machine, in a file of the user's cache. A file that cannot be read or
 * written is no problem: the kernels are tried again.
 */
export function keptKernels(file: string = join(cacheFolder(), 'sparse-attention', 'kernels.json')): KernelMemory {
  let known: Record<string, string> | undefined;
  const read = (): Record<string, string> => {
    try {
      const found: unknown = JSON.parse(readFileSync(file, 'utf8'));
      if (typeof found !== 'object' || found === null) return {};
      return Object.fromEntries(Object.entries(found).filter(([, name]) => typeof name === 'string'));
    } catch {
      return {};
    }
  };
  return {
    get(key) {
      known ??= read();
      return Object.hasOwn(known, key) ? known[key] : undefined;
    },
    set(key, kernel) {
      // Another program may have added to it meanwhile.
      known = { ...read(), [key]: kernel };
      try {
        mkdirSync(dirname(file), { recursive: true });
        const unfinished = `${file}.${process.pid}`;
        writeFileSync(unfinished, JSON.stringify(known, null, 1));
        renameSync(unfinished, file);
      } catch {}
    },
  };
}

function cacheFolder(): string {
  const { XDG_CACHE_HOME, LOCALAPPDATA } = process.env;
  if (XDG_CACHE_HOME !== undefined && XDG_CACHE_HOME !== '') return XDG_CACHE_HOME;
  if (process.platform === 'win32' && LOCALAPPDATA !== undefined) return LOCALAPPDATA;
  return process.platform === 'darwin' ? join(homedir(), 'Library', 'Caches') : join(homedir(), '.cache');
}
