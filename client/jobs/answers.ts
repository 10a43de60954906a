/** Gives the answers of a thread, which come in the order of the questions, to those who wait for them. */
export class Answers<T> {
  readonly #waiting: { readonly resolve: (answer: T) => void; readonly reject: (problem: Error) => void }[] = [];
  #problem: Error | undefined;

  next(): Promise<T> {
    return new Promise((resolve, reject) => {
      if (this.#problem === undefined) this.#waiting.push({ resolve, reject });
      else reject(this.#problem);
    });
  }

  came(answer: T): void {
    this.#waiting.shift()?.resolve(answer);
  }

  /** No further answer comes. */
  failed(problem: Error): void {
    this.#problem ??= problem;
    for (const { reject } of this.#waiting.splice(0)) reject(this.#problem);
  }
}
