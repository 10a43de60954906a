import { existsSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';

/**
 * The module of the npm package `webgpu` (Dawn): at the place that the user's settings name, which is the package's folder, one
 * that has it in node_modules, or the module itself; or in one of these folders.
 *
 * @param folders whose packages may be loaded: native code
 * @returns the module's file, or why there is none and what to do about it
 */
export function findDawn(
  configured: string,
  folders: readonly string[],
): { readonly file: string } | { readonly reason: string } {
  if (configured !== '') {
    const file = moduleAt(configured);
    return file === undefined
      ? { reason: `There is no npm package webgpu at ${configured}, which the setting sparse.run.dawnModule names.` }
      : { file };
  }
  for (const folder of folders) {
    const file = installedIn(folder);
    if (file !== undefined) return { file };
  }
  return {
    reason:
      'The GPU of the extension host needs the npm package webgpu (Dawn), which is not installed there. On the machine where ' +
      'extensions run: npm install --prefix ~/dawn webgpu, and name that folder by its absolute path in the setting sparse.run.dawnModule. A trusted ' +
      'workspace may have it in its node_modules instead.',
  };
}

function moduleAt(place: string): string | undefined {
  if (!path.isAbsolute(place) || !existsSync(place)) return undefined;
  if (statSync(place).isFile()) return place;
  return installedIn(place) ?? mainOf(place);
}

function installedIn(folder: string): string | undefined {
  try {
    return createRequire(path.join(folder, 'index.js')).resolve('webgpu');
  } catch {
    return undefined;
  }
}

/** What the package in a folder is loaded by. */
function mainOf(folder: string): string | undefined {
  try {
    return createRequire(path.join(folder, 'index.js')).resolve(folder);
  } catch {
    return undefined;
  }
}
