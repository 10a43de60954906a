import { spawn } from 'node:child_process';
import { accessSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { chromium } from 'playwright-core';
import { expect, inject, test } from 'vitest';
import { chromiumFlags } from '../../scripts/hosts/chromium.mjs';

/** The PATH without the folders that have VS Code's command in them. */
function pathWithoutCode(): string {
  return (process.env.PATH ?? '')
    .split(path.delimiter)
    .filter(folder => {
      try {
        accessSync(path.join(folder, 'code'));
        return false;
      } catch {
        return true;
      }
    })
    .join(path.delimiter);
}

test('npm start without desktop VS Code serves the workbench, with the extension and the examples, where it says', async () => {
  const child = spawn(process.execPath, ['scripts/start.mjs'], {
    env: { ...process.env, PATH: pathWithoutCode(), CI: '1' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended = new Promise<number | null>(resolve => child.once('exit', resolve));
  const profile = mkdtempSync(path.join(tmpdir(), 'sparse-start-'));
  try {
    const url = await new Promise<string>((resolve, reject) => {
      let said = '';
      for (const stream of [child.stdout, child.stderr])
        stream.setEncoding('utf8').on('data', (text: string) => {
          said += text;
          const address = /^ {4}(http:\S+)$/m.exec(said)?.[1];
          if (address !== undefined) resolve(address);
        });
      void ended.then(code => reject(new Error(`npm start ended with code ${code}:\n${said}`)));
    });
    const browser = await chromium.launchPersistentContext(profile, {
      executablePath: inject('executable'),
      headless: true,
      args: chromiumFlags(),
    });
    try {
      const page = browser.pages()[0] ?? (await browser.newPage());
      await page.goto(url);
      await page.locator('.explorer-folders-view .label-name', { hasText: 'longformer.sparse' }).dblclick();
      // Lenses come from the language server: the extension runs, and has read the file.
      await page.locator('.codelens-decoration a', { hasText: 'Preview' }).first().waitFor();
    } finally {
      await browser.close();
    }
    child.kill('SIGTERM');
    expect(await ended).toBe(0);
  } finally {
    child.kill('SIGKILL');
    rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
  }
});
