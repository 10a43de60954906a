import type { Disposable } from 'vscode';
import type {
  BaseLanguageClient,
  NotificationHandler,
  NotificationType,
  RequestHandler,
  RequestType,
  State,
  StateChangeEvent,
} from 'vscode-languageclient';

/** Milliseconds that a start under way is waited for before it is ended. */
const START_PATIENCE = 2000;

type Attach = (client: BaseLanguageClient) => Disposable;

/**
 * The connection to the language server, which outlives the clients that make it: a client whose start failed can never
 * start again, so every restart takes a new one. What listens here listens to each of them.
 */
export class RestartableClient {
  readonly #create: () => BaseLanguageClient;
  readonly #attached = new Map<Attach, Disposable>();
  #client: BaseLanguageClient;
  #starting: Promise<void> | undefined;
  #replacing: Promise<void> | undefined;

  constructor(create: () => BaseLanguageClient) {
    this.#create = create;
    this.#client = create();
  }

  get state(): State {
    return this.#client.state;
  }

  /** Rejects when the server does not start. */
  start(): Promise<void> {
    this.#starting = this.#client.start();
    return this.#starting;
  }

  /** Ends the server, however it is, and starts another. Rejects when that one does not start. */
  async restart(): Promise<void> {
    this.#replacing ??= this.#replace().finally(() => {
      this.#replacing = undefined;
    });
    await this.#replacing;
    await this.start();
  }

  /** Resolves when the server is gone; never rejects. */
  async stop(): Promise<void> {
    const client = this.#client;
    // A client that is starting cannot be stopped in good order.
    let timer: ReturnType<typeof setTimeout> | undefined;
    const patience = new Promise<void>(resolve => {
      timer = setTimeout(resolve, START_PATIENCE);
    });
    await Promise.race([this.#starting, patience]).catch(() => undefined);
    clearTimeout(timer);
    try {
      // More than a stop: a client that lost its server would start another one by itself.
      await client.dispose();
    } catch {
      // A server that has died or never started does not answer; what matters is that it is gone.
    }
  }

  sendRequest<P, R, E>(type: RequestType<P, R, E>, params: P): Promise<R> {
    return this.#client.sendRequest(type, params);
  }

  onRequest<P, R, E>(type: RequestType<P, R, E>, handler: RequestHandler<P, R, E>): Disposable {
    return this.#attach(client => client.onRequest(type, handler));
  }

  onNotification<P>(type: NotificationType<P>, handler: NotificationHandler<P>): Disposable {
    return this.#attach(client => client.onNotification(type, handler));
  }

  onDidChangeState(listener: (event: StateChangeEvent) => void): Disposable {
    return this.#attach(client => client.onDidChangeState(listener));
  }

  #attach(attach: Attach): Disposable {
    this.#attached.set(attach, attach(this.#client));
    return {
      dispose: () => {
        this.#attached.get(attach)?.dispose();
        this.#attached.delete(attach);
      },
    };
  }

  async #replace(): Promise<void> {
    await this.stop();
    const client = this.#create();
    for (const [attach, attached] of this.#attached) {
      attached.dispose();
      this.#attached.set(attach, attach(client));
    }
    this.#client = client;
    this.#starting = undefined;
  }
}
