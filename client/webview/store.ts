/** What a listener is called with: the state as it is now, and as it was when the listener was last called. */
export type Listener<S> = (state: S, before: S) => void;

/**
 * The one place where the page keeps what it knows. A state is never changed in place: an update puts another one in its
 * stead and tells everybody, so that two states are the same exactly when they are the same object, and so are their fields.
 */
export class Store<S extends object> {
  #state: S;
  readonly #listeners = new Set<{ readonly listener: Listener<S>; seen: S }>();
  #telling = false;

  constructor(state: S) {
    this.#state = state;
  }

  get state(): S {
    return this.#state;
  }

  /**
   * Replaces some fields. Listeners run before it returns, each with all changes since its last call; what they change
   * in turn is told in a next round. Fields that are what they were tell nobody.
   */
  update(change: Partial<S> | ((state: S) => Partial<S>)): void {
    const fields = typeof change === 'function' ? change(this.#state) : change;
    const changed = (Object.keys(fields) as (keyof S)[]).some(name => !Object.is(this.#state[name], fields[name]));
    if (!changed) return;
    this.#state = { ...this.#state, ...fields };
    if (this.#telling) return;
    this.#telling = true;
    try {
      let told: S;
      do {
        told = this.#state;
        for (const each of this.#listeners) {
          const before = each.seen;
          each.seen = this.#state;
          if (before !== this.#state) each.listener(this.#state, before);
        }
      } while (told !== this.#state);
    } finally {
      this.#telling = false;
    }
  }

  /** Calls back after every change, until the function that it returns is called. */
  subscribe(listener: Listener<S>): () => void {
    const entry = { listener, seen: this.#state };
    this.#listeners.add(entry);
    return () => {
      this.#listeners.delete(entry);
    };
  }
}
