/** What comes into a file. */
export interface FileContents {
  /** Bytes; undefined where only making them tells. */
  readonly size?: number | undefined;
  readonly contents: AsyncIterable<Uint8Array> | Iterable<Uint8Array>;
}

/** And to which place. */
export interface PlacedFile<Place> extends FileContents {
  readonly place: Place;
}

/** The part of a file system that is needed to put files in their places. */
export interface FilePlaces<Place> {
  /** A name in the same folder that nothing has. */
  unused(place: Place): Place;
  /** Makes a new file. Throws at once when it would be too large. */
  write(place: Place, file: FileContents): Promise<void>;
  /** Gives a file another name in the same folder; one that had that name is gone. */
  move(from: Place, to: Place): Promise<void>;
  /** Keeps what is at a place under another name too. False when nothing is there. */
  keep(place: Place, copy: Place): Promise<boolean>;
  remove(place: Place): Promise<void>;
}

/** A place that could not be written, and why. */
export class PlaceError<Place> extends Error {
  override readonly name = 'PlaceError';
  readonly place: Place;

  constructor(place: Place, cause: unknown) {
    super(cause instanceof Error ? cause.message : String(cause), { cause });
    this.place = place;
  }
}

/**
 * Writes files all or none, and each whole or not at all: each under another name first, and renamed when all are there; when
 * one of several cannot be renamed, the others get back what they had. What the first file refers to is in its place before
 * it. `stale` are files that go away when the others have come.
 *
 * @throws PlaceError, or whatever making the contents threw
 */
export async function putInPlace<Place>(
  files: readonly PlacedFile<Place>[],
  stale: readonly Place[],
  places: FilePlaces<Place>,
): Promise<void> {
  const ordered = [...files].reverse();
  /** Files that are gone in the end, whatever happens. */
  const passing: Place[] = [];
  const back: (() => Promise<void>)[] = [];
  let current: Place | undefined;
  const made: { error?: unknown } = {};
  try {
    const written: { readonly place: Place; readonly temporary: Place }[] = [];
    for (const { place, size, contents } of ordered) {
      current = place;
      const temporary = places.unused(place);
      passing.push(temporary);
      written.push({ place, temporary });
      await places.write(temporary, { size, contents: watched(contents, made) });
    }
    // One renaming is whole by itself.
    const several = files.length + stale.length > 1;
    for (const { place, temporary } of written) {
      current = place;
      if (several) back.push(await wayBack(place, places, passing));
      await places.move(temporary, place);
    }
    for (const place of stale) {
      current = place;
      back.push(await wayBack(place, places, passing));
      await places.remove(place);
    }
  } catch (error) {
    for (const step of back.reverse()) await step().catch(() => undefined);
    if (current === undefined || ('error' in made && made.error === error)) throw error;
    throw new PlaceError(current, error);
  } finally {
    for (const place of passing) await places.remove(place).catch(() => undefined);
  }
}

/** Keeps what is at a place; the result puts it there again, or takes away what came where nothing was. */
async function wayBack<Place>(place: Place, places: FilePlaces<Place>, passing: Place[]): Promise<() => Promise<void>> {
  const copy = places.unused(place);
  if (!(await places.keep(place, copy))) return () => places.remove(place);
  passing.push(copy);
  return () => places.move(copy, place);
}

/** Remembers what making the contents threw, which says nothing about a place. */
async function* watched(
  contents: FileContents['contents'],
  made: { error?: unknown },
): AsyncGenerator<Uint8Array, void> {
  try {
    yield* contents;
  } catch (error) {
    made.error = error;
    throw error;
  }
}
