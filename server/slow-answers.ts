/** To be called now and then by what takes time; throws when the time is over. */
export type Checkpoint = () => void;

class OutOfTime extends Error {}

/** Runs something for at most so many milliseconds; undefined when it was not done by then. */
export function within<T>(
  milliseconds: number,
  compute: (checkpoint: Checkpoint) => T,
): { readonly value: T } | undefined {
  const end = performance.now() + milliseconds;
  try {
    return {
      value: compute(() => {
        if (performance.now() > end) throw new OutOfTime();
      }),
    };
  } catch (error) {
    if (error instanceof OutOfTime) return undefined;
    throw error;
  }
}

/** Milliseconds without a question or an edit before anything is done for later. */
const PAUSE = 150;
/** Milliseconds of such work after which there is a pause again. */
const AT_A_TIME = 20;

/** Work for the moments in which nobody waits for the server. An edit makes it pointless: it is dropped. */
export class Idle {
  #jobs = new Map<string, () => void>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #found = false;
  readonly #listeners: (() => void)[] = [];

  /** Calls a listener when there is nothing left to do and something was found out that somebody had asked for. */
  onFound(listener: () => void): void {
    this.#listeners.push(listener);
  }

  /** A job says that it found out what somebody had asked for. */
  found(): void {
    this.#found = true;
  }

  /** Does something as soon as nothing else happened for a while; `name` is that of the job, which is done once. */
  add(name: string, job: () => void): void {
    const isNew = !this.#jobs.has(name);
    this.#jobs.set(name, job);
    // Who asks for the same thing again and again shall get it.
    if (isNew) this.#wait();
  }

  clear(): void {
    this.#jobs.clear();
    clearTimeout(this.#timer);
  }

  #wait(): void {
    clearTimeout(this.#timer);
    if (this.#jobs.size > 0) this.#timer = setTimeout(() => this.#run(), PAUSE);
  }

  /** A few short ones or one that takes long, so that whoever asks in between is heard. */
  #run(): void {
    const end = performance.now() + AT_A_TIME;
    for (const [name, job] of this.#jobs) {
      this.#jobs.delete(name);
      job();
      if (performance.now() >= end) break;
    }
    this.#wait();
    if (this.#jobs.size > 0 || !this.#found) return;
    this.#found = false;
    for (const listener of this.#listeners) listener();
  }
}

/** Longest time for what was not known in time, when nobody waits: an edit that comes just then has to. */
const LATER = 200;
/** The same for work that goes on where it was stopped, and how often it may. */
const ONE_GO = 50;
const MOST_GOES = 100;
/**
 * Milliseconds after which something that took too long is tried again, for the machine may have been busy; twice as
 * long each time, up to a limit.
 */
const REST = 5000;
const MOST_REST = 32 * REST;

type Known<T> =
  | { readonly answer: { readonly value: T } }
  /** `tried`: the longest time that was not enough, until `until`; `rest`: how long that was. */
  | { readonly answer: undefined; readonly tried: number; readonly until: number; readonly rest: number };

/**
 * Answers that take time: given at once when they are known or quickly found, else found out later, so that they are
 * there when somebody asks again. The ones that were not asked for longest are forgotten.
 */
export class SlowAnswers<T> {
  readonly #known = new Map<string, Known<T>>();
  readonly #kept: number;
  readonly #idle: Idle | undefined;
  readonly #goesOn: boolean;
  /** How often an answer was left for later. */
  postponed = 0;

  /** At most `kept` answers; without `idle` nothing happens later. `goesOn`: what was stopped goes on from there. */
  constructor(kept: number, idle?: Idle, { goesOn = false }: { readonly goesOn?: boolean } = {}) {
    this.#kept = kept;
    this.#idle = idle;
    this.#goesOn = goesOn;
  }

  /**
   * The answer; undefined when it is not found within so many milliseconds, none or less than that if there is no time
   * now. The key names everything that it depends on.
   * What `compute` throws is thrown, and nothing is remembered.
   */
  ask(key: string, milliseconds: number, compute: (checkpoint: Checkpoint) => T): { readonly value: T } | undefined {
    const before = this.#known.get(key);
    if (before?.answer !== undefined) {
      this.#remember(key, before);
      return before.answer;
    }
    // A little more time than the last time is no reason to try again.
    const failed = before !== undefined && performance.now() < before.until ? before.tried : 0;
    const answer = milliseconds > 2 * failed ? this.#try(key, milliseconds, compute) : undefined;
    if (answer === undefined && this.#idle !== undefined && Math.max(failed, milliseconds) < LATER) {
      this.postponed++;
      this.#later(this.#idle, key, compute, this.#goesOn ? MOST_GOES : 1);
    }
    return answer;
  }

  #later(idle: Idle, key: string, compute: (checkpoint: Checkpoint) => T, goes: number): void {
    idle.add(key, () => {
      // Nobody is there to hear that it has no answer: who asks again will.
      try {
        if (this.#try(key, this.#goesOn ? ONE_GO : LATER, compute) !== undefined) idle.found();
        else if (goes > 1) this.#later(idle, key, compute, goes - 1);
      } catch {
        this.#known.delete(key);
      }
    });
  }

  #try(key: string, milliseconds: number, compute: (checkpoint: Checkpoint) => T): { readonly value: T } | undefined {
    const before = this.#known.get(key);
    const answer = within(milliseconds, compute);
    if (answer !== undefined) {
      this.#remember(key, { answer });
      return answer;
    }
    const now = performance.now();
    const isLater = before !== undefined && before.answer === undefined && before.until <= now;
    const last = before !== undefined && before.answer === undefined ? before.rest : REST;
    const rest = isLater ? Math.min(2 * last, MOST_REST) : last;
    this.#remember(key, { answer, tried: milliseconds, until: now + rest, rest });
    return undefined;
  }

  #remember(key: string, known: Known<T>): void {
    this.#known.delete(key);
    if (this.#known.size >= this.#kept) {
      const oldest = this.#known.keys().next().value;
      if (oldest !== undefined) this.#known.delete(oldest);
    }
    this.#known.set(key, known);
  }
}
