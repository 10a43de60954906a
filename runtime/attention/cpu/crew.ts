import { type Member, OUT_OF_TURN, WorkerError } from './member.ts';
import type { WorkerHost, WorkerPort } from './worker-host.ts';

/** How long a worker may take to start. */
const START_MS = 10_000;

/** What every kind of worker says. */
type Told =
  | { readonly type: string }
  | { readonly type: 'ready' }
  | { readonly type: 'failed'; readonly reason: string };

/** Workers of one kind, which are kept between runs. They send `From`: first `ready`, whatever goes wrong `failed`. */
export class Crew<From extends Told> {
  readonly #host: WorkerHost;
  readonly #source: string;
  readonly #load: unknown;
  #members: Member<From>[] = [];

  /**
   * @param source of the script
   * @param load the first message to each worker
   */
  constructor(host: WorkerHost, source: string, load: unknown) {
    this.#host = host;
    this.#source = source;
    this.#load = load;
  }

  /**
   * So many workers at least, none of which lets the process end until `rest`.
   *
   * @throws WorkerError when they do not start
   */
  async start(threads: number): Promise<readonly Member<From>[]> {
    for (const { port } of this.#members) port.hold(true);
    const starting: Promise<void>[] = [];
    while (this.#members.length < threads) starting.push(this.#spawn());
    await Promise.all(starting);
    return this.#members.slice(0, threads);
  }

  /** Idle workers do not keep the process alive. */
  rest(): void {
    for (const { port } of this.#members) port.hold(false);
  }

  dispose(): void {
    for (const member of this.#members) member.end();
    this.#members = [];
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
      port.post(this.#load);
    });
  }
}

/** What a message says that was not expected. */
export function reasonOf(message: Told): string {
  return message.type === 'failed' && 'reason' in message ? message.reason : OUT_OF_TURN;
}
