import { execFileSync } from 'node:child_process';
import { buildSync } from 'esbuild';

/**
 * Runs TypeScript in a process of its own, as a bundle, and returns what it prints. Throws when the process fails or
 * does not end by itself.
 */
export function runScript(script: string, env: Record<string, string | undefined> = {}): string {
  const { outputFiles } = buildSync({
    stdin: { contents: script, resolveDir: process.cwd(), loader: 'ts' },
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'node',
    external: ['webgpu'],
  });
  return execFileSync(process.execPath, ['--input-type=module', '-e', outputFiles[0]!.text], {
    encoding: 'utf8',
    timeout: 30_000,
    env: { ...process.env, ...env },
  });
}
