import { spawn, spawnSync } from 'node:child_process';
import { closeSync, existsSync, mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { afterAll, beforeAll } from 'vitest';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const program = path.join(root, 'dist/cli.mjs');

/** How a run of the command-line tool ended. */
export interface Outcome {
  /** null when a signal ended it. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Presses Ctrl+C after so many milliseconds. */
  readonly interruptAfter?: number;
  /** A file that stdout goes to, or `closed`: nobody reads it. */
  readonly stdout?: string;
  /** Lets stdout wait so many milliseconds before anybody reads it. */
  readonly readAfter?: number;
  /** What stands on stdin; nothing if it is not given. */
  readonly input?: string | Uint8Array;
}

/** Brings dist/cli.mjs up to date before the tests of a file. */
export function buildFirst(): void {
  beforeAll(() => {
    const ensure = pathToFileURL(path.join(root, 'scripts/ensure.mjs')).href;
    const script = `import(${JSON.stringify(ensure)}).then(({ ensureBuilt }) => ensureBuilt())`;
    const result = spawnSync(process.execPath, ['-e', script], { encoding: 'utf8' });
    if (result.status !== 0 || !existsSync(program)) throw new Error(`the build failed:\n${result.stderr}`);
  }, 120_000);
}

/** Runs `sparse` as a process of its own, without a terminal. */
export function sparse(args: readonly string[], options: RunOptions = {}): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const file =
      options.stdout === undefined || options.stdout === 'closed' ? undefined : openSync(options.stdout, 'w');
    const child = spawn(process.execPath, [program, ...args], {
      cwd: options.cwd ?? root,
      env: { ...process.env, ...options.env },
      stdio: [options.input === undefined ? 'ignore' : 'pipe', file ?? 'pipe', 'pipe'],
    });
    if (file !== undefined) closeSync(file);
    // Whoever does not want it all closes it.
    child.stdin?.on('error', () => {}).end(options.input);
    if (options.stdout === 'closed') child.stdout?.destroy();
    let stdout = '';
    let stderr = '';
    const read = (): void => {
      child.stdout?.setEncoding('utf8').on('data', (text: string) => {
        stdout += text;
      });
    };
    if (options.readAfter === undefined) read();
    else setTimeout(read, options.readAfter);
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
    });
    const timer =
      options.interruptAfter === undefined ? undefined : setTimeout(() => child.kill('SIGINT'), options.interruptAfter);
    child.on('error', reject);
    child.on('close', code => {
      clearTimeout(timer);
      resolve({ code, stdout, stderr });
    });
  });
}

/** A folder for the tests of a file, removed afterwards. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'sparse-cli-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** What every failure has to look like: short words, no trace of the code. */
export const STACK_TRACE = /^\s+at .+[:(]|node:internal|\.ts:\d|cli\.mjs/m;
