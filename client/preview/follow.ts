import type { DeclarationInfo } from '../../server/protocol.ts';
import type { Chosen, PreviewLock } from './messages.ts';
import { movedUri } from './moved-uri.ts';

/** Which declaration of a file a preview shows, and where the caret stood when that was settled. */
export interface Followed {
  /** Null: none is chosen yet. */
  readonly name: string | null;
  /** The declaration around the caret, null where it was around none; undefined: nobody has looked yet. */
  readonly caretIn: string | null | undefined;
}

/** A file in which nothing was chosen. */
export const NOTHING_CHOSEN: Followed = { name: null, caretIn: undefined };

/** A place of a text, as editors and the server count: from 0. */
export interface Place {
  readonly line: number;
  readonly character: number;
}

/** A file as the server knows it. */
export interface Declared {
  readonly declarations: readonly DeclarationInfo[];
  /** Has the file errors? */
  readonly errors: number;
}

/**
 * Which declaration of its file a preview shows. One that follows goes along when the caret enters another declaration, and
 * only then: what was chosen by hand stays while the caret moves about in the same one, or between declarations. One that
 * cannot be shown (a pattern that needs parameters, or that is just being written) is no reason to leave what is shown.
 *
 * @param caret where the caret stands in the active editor; null: that shows another file
 */
export function followed(
  before: Followed,
  { declarations, errors }: Declared,
  lock: PreviewLock,
  caret: Place | null,
): Followed {
  const names = declarations.map(({ name }) => name);
  const isHere = lock === null && caret !== null;
  const around = isHere ? declarationAround(declarations, caret) : null;
  // Nobody has moved when the declaration around the caret has another name now.
  const isRenamed = typeof before.caretIn === 'string' && !names.includes(before.caretIn);
  const isEntered = around !== null && before.caretIn !== undefined && around !== before.caretIn;
  const caretIn = around ?? (isHere ? (before.caretIn ?? null) : before.caretIn);
  if (isEntered && (!isRenamed || before.name === before.caretIn)) return { name: around, caretIn };
  // What is gone from a file without errors was renamed or deleted: what stands there now is shown.
  const isGone = before.name !== null && !names.includes(before.name) && errors === 0 && names.length > 0;
  if (before.name !== null && (!isGone || lock === 'pattern')) return { name: before.name, caretIn };
  const first = declarations.find(({ problem }) => problem === null)?.name ?? names[0] ?? null;
  return { name: around ?? first, caretIn };
}

/** The declaration around a place that can be shown, or null. */
function declarationAround(declarations: readonly DeclarationInfo[], place: Place): string | null {
  const found = declarations.find(
    ({ problem, range }) => problem === null && isUpTo(range.start, place) && isUpTo(place, range.end),
  );
  return found?.name ?? null;
}

function isUpTo(first: Place, second: Place): boolean {
  return first.line < second.line || (first.line === second.line && first.character <= second.character);
}

/** Files that a preview remembers to have shown: a few, and not every one of a long day. */
const MOST_FILES = 50;

/** What a preview shows: a declaration of a file, and which one next as the editor goes on. Files are URIs. */
export class ShownDeclaration {
  lock: PreviewLock;
  #uri: string;
  #now: Followed;
  #declared: (Declared & { readonly version: number }) | undefined;
  /** What the file declared when what is shown was last among it. */
  #names: readonly string[] = [];
  /** What was shown of the files that were left, the latest last. */
  readonly #left = new Map<string, Followed>();

  constructor(uri: string, name: string | null, lock: PreviewLock) {
    this.#uri = uri;
    this.#now = { ...NOTHING_CHOSEN, name };
    this.lock = lock;
  }

  get uri(): string {
    return this.#uri;
  }

  get name(): string | null {
    return this.#now.name;
  }

  /** The version of the file whose declarations are known; undefined: none is. */
  get version(): number | undefined {
    return this.#declared?.version;
  }

  /** Goes to another file; where the caret is still where it was when that was left, what was shown of it is shown again. */
  enter(uri: string): void {
    if (uri === this.#uri) return;
    this.#left.delete(this.#uri);
    this.#left.set(this.#uri, this.#now);
    const [oldest] = this.#left.keys();
    if (this.#left.size > MOST_FILES && oldest !== undefined) this.#left.delete(oldest);
    this.#uri = uri;
    const left = this.#left.get(uri);
    this.#now = left?.caretIn === undefined ? NOTHING_CHOSEN : left;
    this.#declared = undefined;
    this.#names = [];
  }

  /** Shows this declaration, wherever the caret is. */
  choose(name: string | null): void {
    this.#now = { name, caretIn: undefined };
  }

  /** Shows this declaration as long as the caret stays in its own. */
  pick(name: string | null): void {
    this.#now = { ...this.#now, name };
  }

  /** Takes the caret to be where it belongs. */
  forgetCaret(): void {
    this.choose(this.name);
  }

  /** What the file declares; the name that what is shown had so far comes back where it has another one now. */
  declare(declared: Declared & { readonly version: number }, caret: Place | null): string | undefined {
    const { name, caretIn } = this.#now;
    const names = declared.declarations.map(each => each.name);
    const renamed = name === null ? undefined : renamedTo(name, this.#names, names);
    if (renamed !== undefined) this.#now = { name: renamed, caretIn: caretIn === name ? renamed : caretIn };
    this.#declared = declared;
    this.move(caret);
    if (this.name !== null && names.includes(this.name)) this.#names = names;
    return renamed !== undefined && renamed === this.name ? (name ?? undefined) : undefined;
  }

  /** The caret is there; true: something else is shown now. */
  move(caret: Place | null): boolean {
    const { name } = this.#now;
    if (this.#declared !== undefined) this.#now = followed(this.#now, this.#declared, this.lock, caret);
    return this.#now.name !== name;
  }

  /** A file or folder has another place now. */
  moved(from: string, to: string): void {
    for (const [uri, left] of [...this.#left]) {
      const now = movedUri(uri, from, to);
      if (now === undefined) continue;
      this.#left.delete(uri);
      // The editor may have gone ahead to the new place.
      if (now === this.#uri) this.#now = left;
      else this.#left.set(now, left);
    }
    this.#uri = movedUri(this.#uri, from, to) ?? this.#uri;
  }

  /** What a page is asked for, or says that it shows. */
  isShownBy(page: Pick<Chosen, 'uri' | 'name'> | null): boolean {
    return page !== null && page.uri === this.#uri && page.name === this.name;
  }

  /** In brackets, as VS Code's own previews have them, where it is locked. */
  get title(): string {
    const { name, file } = this;
    if (this.lock === 'file') return name === null ? `[Preview] ${file}` : `[Preview] ${file}: ${name}`;
    return `${this.lock === null ? 'Preview' : '[Preview]'} ${name ?? file}`;
  }

  /** Name of the file, without its folder. */
  get file(): string {
    const last = this.#uri.split(/[/:]/).pop() ?? '';
    try {
      return decodeURIComponent(last);
    } catch {
      return last;
    }
  }
}

/** The name of a declaration that was `name`: a new one in its place among as many as there were. */
function renamedTo(name: string, before: readonly string[], now: readonly string[]): string | undefined {
  const candidate = now[before.indexOf(name)];
  const isSo =
    before.length === now.length && !now.includes(name) && candidate !== undefined && !before.includes(candidate);
  return isSo ? candidate : undefined;
}
