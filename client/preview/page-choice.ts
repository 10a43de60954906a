import type { Adjustments } from '../../server/protocol.ts';
import type { ShownDeclaration } from './follow.ts';
import type { Chosen, ToPage } from './messages.ts';

/**
 * What the page of a preview shows, at which length and with which values: the page tells, and is asked for what the preview
 * is to show. Between the two messages it shows something else than that.
 */
export class PageChoice {
  readonly #shown: ShownDeclaration;
  readonly #post: (message: ToPage) => void;
  /** Null: it was never there, or is asked to show another one. */
  #told: Pick<Chosen, 'uri' | 'name'> | null = null;
  /** What it is asked for. */
  #awaited: string | undefined;
  #tokens: number | null = null;
  #adjustments: Adjustments = {};

  /** `shown`: what the preview is to show. */
  constructor(shown: ShownDeclaration, post: (message: ToPage) => void) {
    this.#shown = shown;
    this.#post = post;
  }

  /** Length that the user picked in the page for this declaration. */
  get tokens(): number | null {
    return this.#tokens;
  }

  set tokens(tokens: number | null) {
    this.#tokens = tokens;
  }

  /** Other values that the user tries out in the page. */
  get adjustments(): Adjustments {
    return this.#adjustments;
  }

  /** True: they are others than before. */
  adjust(adjustments: Adjustments): boolean {
    if (JSON.stringify(this.#adjustments) === JSON.stringify(adjustments)) return false;
    this.#adjustments = adjustments;
    return true;
  }

  /** Was the page asked for something that it has not come to yet? */
  get isAsked(): boolean {
    return this.#awaited !== undefined;
  }

  /** The page is there. One that was never there before shows what it is sent first. */
  begin(chosen: Chosen | null): void {
    this.#awaited = undefined;
    this.#take(chosen ?? { uri: this.#shown.uri, name: this.#shown.name, tokens: null, adjustments: {} });
  }

  /** The page shows this from now on, as the user picked it or as it was asked, perhaps before it was asked for another one. */
  select(chosen: Chosen): void {
    if (placeText(chosen) === this.#awaited) this.#awaited = undefined;
    this.#take(chosen);
  }

  /** Does the page show what it is to show? If not, it is asked to, and tells with which length and values. */
  isAsWanted(): boolean {
    if (this.#shown.isShownBy(this.#told)) return true;
    const { uri, name } = this.#shown;
    const awaited = placeText({ uri, name });
    if (awaited !== this.#awaited) this.#post({ type: 'show', uri, name });
    this.#awaited = awaited;
    return false;
  }

  /** What is to be shown has another name now, and is the same. */
  tellRename(from: string): void {
    const { uri, name } = this.#shown;
    if (name === null || this.#told?.uri !== uri || this.#told.name !== from) return;
    this.#post({ type: 'renamed', uri, from, to: name });
    this.#told = { uri, name };
  }

  #take({ uri, name, tokens, adjustments }: Chosen): void {
    this.#told = { uri, name };
    this.#tokens = tokens;
    this.#adjustments = adjustments;
  }
}

function placeText({ uri, name }: Pick<Chosen, 'uri' | 'name'>): string {
  return JSON.stringify([uri, name]);
}
