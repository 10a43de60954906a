import { unlessAborted } from '../abort.ts';
import { type Member, type Reply, reasonOf, WorkerError } from './member.ts';
import type { WorkerHost, WorkerPort } from './worker-host.ts';

/** How long a worker may take to start. */
const START_MS = 10_000;

/** Workers of one script that are kept between uses; each is sent the WebAssembly first and answers `ready`. */
export class Crew<From extends Reply> {
  readonly #host: WorkerHost;
  readonly #source: string;
  readonly #wasm: Uint8Array<ArrayBuffer>;
  #members: Member<From>[] = [];

  constructor(host: WorkerHost, source: string, wasm: Uint8Array<ArrayBuffer>) {
    this.#host = host;
    this.#source = source;
    this.#wasm = wasm;
  }

  /**
   * Has some workers do something together.
   *
   * @throws WorkerError when workers do not start or die; AbortError when the signal fires, and whatever `use` throws. In
   * each case all workers are ended: one in the middle of its work could not be stopped otherwise.
   */
  async use<T>(
    threads: number,
    signal: AbortSignal | undefined,
    use: (members: readonly Member<From>[]) => Promise<T>,
  ): Promise<T> {
    try {
      await unlessAborted(this.#start(threads), signal);
      return await unlessAborted(use(this.#members.slice(0, threads)), signal);
    } catch (error) {
      this.dispose();
      throw error;
    } finally {
      for (const { port } of this.#members) port.hold(false);
    }
  }

  dispose(): void {
    for (const member of this.#members) member.end();
    this.#members = [];
  }

  async #start(threads: number): Promise<void> {
    for (const { port } of this.#members) port.hold(true);
    const starting: Promise<void>[] = [];
    while (this.#members.length < threads) starting.push(this.#spawn());
    await Promise.all(starting);
  }

  #spawn(): Promise<void> {
    let port: WorkerPort;
    try {
      port = this.#host.spawn(this.#source);
    } catch (error) {
      throw new WorkerError(error instanceof Error ? error.message : String(error));
    }
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => member.fail('A worker did not start in time.'), START_MS);
      const member: Member<From> = {
        port,
        receive: message => {
          clearTimeout(timer);
          if (message.type === 'ready') resolve();
          else member.fail(reasonOf(message));
        },
        fail: reason => {
          clearTimeout(timer);
          reject(new WorkerError(reason));
        },
        end() {
          clearTimeout(timer);
          port.terminate();
        },
      };
      port.listen({
        message: data => member.receive(data as From),
        error: reason => member.fail(reason),
      });
      port.hold(true);
      this.#members.push(member);
      port.post({ type: 'load', wasm: this.#wasm });
    });
  }
}
