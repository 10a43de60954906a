import { linkSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { diskPlaces } from '../../../client/export/disk.node.ts';
import { type FilePlaces, PlaceError, putInPlace } from '../../../client/export/put-in-place.ts';
import { temporaryFolder } from '../cli/command-line.ts';

const root = temporaryFolder();
let folders = 0;

/** A folder with files of these contents. */
function folder(files: Readonly<Record<string, string>> = {}): string {
  const made = path.join(root, `${folders++}`);
  mkdirSync(made);
  for (const [name, text] of Object.entries(files)) writeFileSync(path.join(made, name), text);
  return made;
}

function contentsOf(at: string): Record<string, string> {
  return Object.fromEntries(readdirSync(at).map(name => [name, readFileSync(path.join(at, name), 'utf8')]));
}

const text = (value: string) => ({ contents: [new TextEncoder().encode(value)] });

/** The disk, on which the call number `at` of those that change something fails. */
function failing(at: number): FilePlaces<string> {
  const disk = diskPlaces();
  let calls = 0;
  const fail = async (): Promise<void> => {
    if (calls++ === at) throw new Error('the disk is broken');
  };
  return {
    unused: disk.unused,
    write: (place, file) => fail().then(() => disk.write(place, file)),
    move: (from, to) => fail().then(() => disk.move(from, to)),
    keep: (place, copy) => fail().then(() => disk.keep(place, copy)),
    // What was begun can still be put in order.
    remove: place => (place.endsWith('.tmp') ? disk.remove(place) : fail().then(() => disk.remove(place))),
  };
}

describe('putting files in place', () => {
  it('all or none, wherever it fails', async () => {
    const present = fc.subarray(['main', 'second', 'stale', 'other']);
    await fc.assert(
      fc.asyncProperty(present, fc.integer({ min: 0, max: 12 }), async (names, at) => {
        const before = Object.fromEntries(names.map(name => [name, `old ${name}`]));
        const here = folder(before);
        const place = (name: string): string => path.join(here, name);
        const files = [
          { place: place('main'), ...text('new main') },
          { place: place('second'), ...text('new second') },
        ];
        const stale = names.includes('stale') ? [place('stale')] : [];
        const found = await putInPlace(files, stale, failing(at)).then(
          () => undefined,
          (error: unknown) => error,
        );
        const { stale: _, ...kept } = before;
        const after = { ...kept, main: 'new main', second: 'new second' };
        expect(contentsOf(here)).toEqual(found === undefined ? after : before);
        if (found !== undefined) expect(found).toMatchObject({ name: 'PlaceError', message: 'the disk is broken' });
        // 2 written, 2 kept and 2 moved; a stale one is kept and removed.
        expect(found === undefined).toBe(at >= 6 + 2 * stale.length);
      }),
      { numRuns: 150 },
    );
  });

  it('keeps what the second name of a file shows', async () => {
    const here = folder({ main: 'old', second: 'old' });
    linkSync(path.join(here, 'main'), path.join(here, 'another'));
    await putInPlace(
      [
        { place: path.join(here, 'main'), ...text('new') },
        { place: path.join(here, 'second'), ...text('new') },
      ],
      [],
      diskPlaces(),
    );
    expect(contentsOf(here)).toEqual({ main: 'new', second: 'new', another: 'old' });
    expect(statSync(path.join(here, 'main')).nlink).toBe(1);
  });

  it('passes on what making the contents threw, which is no matter of places', async () => {
    const here = folder({ main: 'old' });
    const broken = new Error('no more memory');
    function* contents(): Generator<Uint8Array, void> {
      yield new Uint8Array(3);
      throw broken;
    }
    const files = [{ place: path.join(here, 'main'), contents: contents() }];
    await expect(putInPlace(files, [], diskPlaces())).rejects.toBe(broken);
    expect(contentsOf(here)).toEqual({ main: 'old' });
  });

  it('refuses what the disk has no room for before any of it is made', async () => {
    const here = folder();
    const file = { size: 2 ** 60, contents: { [Symbol.iterator]: () => expect.unreachable('nobody reads') } };
    const found = putInPlace([{ place: path.join(here, 'main'), ...file }], [], diskPlaces());
    await expect(found).rejects.toThrow(/^it would take 1,073,741,824 GiB, and the disk has [\d,.]+ GiB left$/);
    await expect(found).rejects.toBeInstanceOf(PlaceError);
    expect(contentsOf(here)).toEqual({});
  });
});
