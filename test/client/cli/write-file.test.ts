import {
  chmodSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { writeWholeFile } from '../../../client/cli/write-file.ts';
import { temporaryFolder } from './command-line.ts';

const root = temporaryFolder();
const never = new AbortController().signal;
chmodSync(root, 0o777);
const NOBODY = 65534;
const contents = new TextEncoder().encode('new contents');

function folder(name: string): string {
  const made = path.join(root, name);
  mkdirSync(made);
  return made;
}

/** Nothing is forbidden to root: someone else has to try. */
async function withoutPrivileges(action: () => Promise<void>): Promise<void> {
  const { seteuid } = process;
  if (process.getuid?.() !== 0 || seteuid === undefined) return action();
  seteuid(NOBODY);
  try {
    await action();
  } finally {
    seteuid(0);
  }
}

describe('writing a file', () => {
  it('makes it, and nothing else', async () => {
    const at = folder('new');
    await writeWholeFile(path.join(at, 'a.npy'), contents, never);
    expect(readdirSync(at)).toEqual(['a.npy']);
    expect(readFileSync(path.join(at, 'a.npy'), 'utf8')).toBe('new contents');
  });

  it('replaces one, keeping its permissions', async () => {
    const at = folder('replace');
    const file = path.join(at, 'a.npy');
    writeFileSync(file, 'old and longer than the new contents');
    chmodSync(file, 0o640);
    await writeWholeFile(file, contents, never);
    expect(readdirSync(at)).toEqual(['a.npy']);
    expect(readFileSync(file, 'utf8')).toBe('new contents');
    if (process.platform !== 'win32') expect(statSync(file).mode & 0o777).toBe(0o640);
  });

  it('writes what a link points to', async () => {
    const at = folder('link');
    writeFileSync(path.join(at, 'target'), 'old');
    symlinkSync('target', path.join(at, 'link'));
    await writeWholeFile(path.join(at, 'link'), contents, never);
    expect(lstatSync(path.join(at, 'link')).isSymbolicLink()).toBe(true);
    expect(readFileSync(path.join(at, 'target'), 'utf8')).toBe('new contents');
  });

  it('writes to a device instead of replacing it', async () => {
    if (process.platform === 'win32') return;
    await writeWholeFile('/dev/null', contents, never);
    expect(statSync('/dev/null').isCharacterDevice()).toBe(true);
  });

  it('keeps a file that is write-protected', async () => {
    const at = folder('protected');
    chmodSync(at, 0o777);
    const file = path.join(at, 'a');
    writeFileSync(file, 'old');
    chmodSync(file, 0o444);
    await withoutPrivileges(() =>
      expect(writeWholeFile(file, contents, never)).rejects.toMatchObject({
        exitCode: 2,
        message: `cannot write ${file}: permission denied`,
      }),
    );
    expect(readFileSync(file, 'utf8')).toBe('old');
    expect(readdirSync(at)).toEqual(['a']);
  });

  it('writes an empty file', async () => {
    const at = folder('empty');
    await writeWholeFile(path.join(at, 'a'), new Uint8Array(), never);
    expect(statSync(path.join(at, 'a')).size).toBe(0);
  });

  it('leaves the old contents and nothing else when it is cancelled', async () => {
    const at = folder('cancelled');
    writeFileSync(path.join(at, 'a'), 'old');
    const controller = new AbortController();
    controller.abort();
    await expect(writeWholeFile(path.join(at, 'a'), contents, controller.signal)).rejects.toMatchObject({
      exitCode: 130,
    });
    expect(readdirSync(at)).toEqual(['a']);
    expect(readFileSync(path.join(at, 'a'), 'utf8')).toBe('old');
  });

  it.each([
    ['a missing folder', path.join(root, 'missing', 'a'), /no such file or folder/],
    ['a folder', root, /it is a folder/],
    ['a file for a folder', path.join(root, 'plain', 'a'), /is not a folder/],
    ['no name', '', /empty/],
    ['a name that is too long', path.join(root, 'x'.repeat(300)), /too long/],
  ])('refuses %s in words', async (_what, file, message) => {
    writeFileSync(path.join(root, 'plain'), '');
    await expect(writeWholeFile(file, contents, never)).rejects.toMatchObject({
      exitCode: 2,
      message: expect.stringMatching(message) as unknown,
    });
    expect(readdirSync(root).filter(name => name.includes('tmp'))).toEqual([]);
  });
});
