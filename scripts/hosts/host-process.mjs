// A server in a process of its own: starts it, waits until it says where it listens, and ends it.
import { spawn } from 'node:child_process';
import { createWriteStream, mkdirSync } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';

/**
 * @typedef {object} HostProcess
 * @property {number} port
 * @property {() => Promise<void>} close ends the process and waits until it is gone
 * @property {Promise<string>} ended why it ended by itself, for people
 */

/**
 * @param {string} command
 * @param {string[]} args
 * @param {{ listening: RegExp, log: string, env?: NodeJS.ProcessEnv, cwd?: string, timeoutMs?: number }} options
 *   `listening` has the port as its first group and is looked for in what the process prints; `log` is a file that gets all of it
 * @returns {Promise<HostProcess>}
 */
export function startHostProcess(command, args, { listening, log, env, cwd, timeoutMs = 60_000 }) {
  mkdirSync(path.dirname(log), { recursive: true });
  const logStream = createWriteStream(log);
  const child = spawn(command, args, { cwd, env: env ?? process.env, stdio: ['ignore', 'pipe', 'pipe'] });
  const kill = () => child.kill('SIGKILL');
  // Nothing is left behind, however this process ends.
  process.once('exit', kill);
  const exited = new Promise(resolve => {
    child.once('exit', (code, signal) =>
      resolve(`${path.basename(args[0] ?? command)} ended (${signal ?? `code ${code}`}); see ${log}`),
    );
    child.once('error', error => resolve(`${command} could not be started: ${error.message}`));
  }).finally(() => {
    process.off('exit', kill);
    logStream.end();
  });
  const close = async () => {
    child.kill('SIGTERM');
    const patience = setTimeout(kill, 5_000);
    await exited;
    clearTimeout(patience);
  };
  return new Promise((resolve, reject) => {
    const late = setTimeout(() => {
      kill();
      reject(new Error(`${args[0]} did not start to listen within ${timeoutMs / 1000} s; see ${log}`));
    }, timeoutMs);
    for (const stream of [child.stdout, child.stderr]) {
      createInterface({ input: stream }).on('line', line => {
        if (logStream.writable) logStream.write(`${line}\n`);
        const port = listening.exec(line)?.[1];
        if (port === undefined) return;
        clearTimeout(late);
        resolve({ port: Number(port), close, ended: exited });
      });
    }
    void exited.then(reason => {
      clearTimeout(late);
      reject(new Error(reason));
    });
  });
}
